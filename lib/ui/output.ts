/**
 * The three streams of a command, as the composition root hands them in.
 *
 * @module
 */

/** Where results go. */
export interface ResultStream {
  /** A person looks at it. */
  readonly isTerminal: boolean;
  /**
   * Writes all of the text, or of the bytes.
   *
   * @throws {OutputClosed} where the reader is gone (`| head`)
   */
  write(text: string | Uint8Array): Promise<void>;
}

/** Where everything else goes; never fails, since nothing depends on it. */
export interface MessageStream {
  /** A person looks at it. */
  readonly isTerminal: boolean;
  /** Writes the text. */
  write(text: string): void;
}

/** Where answers come from. */
export interface InputStream {
  /** A person types. */
  readonly isTerminal: boolean;
  /** The text, piece by piece, as it comes. */
  chunks(): AsyncIterable<string>;
  /** The bytes, piece by piece, as they come. */
  bytes(): AsyncIterable<Uint8Array>;
}

/** The reader of the results is gone: the command ends, quietly and well. */
export class OutputClosed extends Error {
  override readonly name = "OutputClosed";
}
