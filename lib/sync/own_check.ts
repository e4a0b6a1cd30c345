/** Whether the store holds what this device published under its numbers. */
import { compareBytes, encodeTombstone } from "../format/mod.ts";
import {
  countOwnEvents,
  countUnpublished,
  type Database,
  ownTombstones,
  publishAgain,
  publishTombstoneAgain,
  type Unpublished,
  unpublishedBy,
} from "../db/mod.ts";
import type { OpenedObject } from "../importer/mod.ts";

/** How an own object in the store differs from what was published under its number. */
export interface OwnDifference {
  /** Records that it should hold and does not: another copy of this device has used the number. */
  lost: number;
  /** It holds something that is not here as published with it. */
  holdsMore: boolean;
  /** Lets the lost records wait to be published under another number. Run it in a transaction. */
  publishAgain(): void;
}

/** Compares own objects with the database; counts once, for all of them. */
export class OwnCheck {
  readonly #db: Database;
  #living: Map<number, number> | undefined;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Compares one own object, as it was found in the store. */
  compare(opened: OpenedObject): OwnDifference {
    return opened.kind === "segment" ? this.#segment(opened) : this.#tombstone(opened);
  }

  #segment({ number, payload }: OpenedObject & { kind: "segment" }): OwnDifference {
    const db = this.#db;
    this.#living ??= countOwnEvents(db);
    const found: Unpublished = unpublishedBy(db, number, payload, this.#living.get(number) ?? 0);
    return {
      lost: countUnpublished(found),
      holdsMore: found.holdsMore,
      publishAgain: () => publishAgain(db, found),
    };
  }

  #tombstone({ number, payload }: OpenedObject & { kind: "tombstone" }): OwnDifference {
    const db = this.#db;
    const [own] = ownTombstones(db, number);
    const isSame = own === undefined ||
      compareBytes(encodeTombstone(own.payload), encodeTombstone(payload)) === 0;
    return {
      lost: isSame ? 0 : 1,
      holdsMore: !isSame,
      publishAgain: () => publishTombstoneAgain(db, number),
    };
  }
}
