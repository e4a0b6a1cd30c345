/**
 * AWS's shared files, `~/.aws/config` and `~/.aws/credentials`, and the profiles in them.
 *
 * @module
 */
import { HxError } from "../../errors.ts";
import { type IniSection, parseIni } from "./ini.ts";

/** Reads one variable of the environment. */
export type Env = (name: string) => string | undefined;

/** A profile that is in one of the files, or in both. */
export interface Profile {
  /** Its name. */
  name: string;
  /** Its sections, that of the credentials file first; each is empty where there is none. */
  sections: readonly [IniSection, IniSection];
  /** A key; the credentials file is asked first. */
  get(key: string): string | undefined;
  /** The services section that it refers to. */
  services: IniSection;
}

const EMPTY: IniSection = new Map();

/**
 * The profile to use: `wanted`, else that of `AWS_PROFILE`, else `default`; undefined where no one
 * named a profile and there is no default one.
 *
 * @throws {HxError} `config` where a named profile is in neither file, or a file can't be read
 */
export async function readProfile(env: Env, wanted?: string): Promise<Profile | undefined> {
  const named = wanted || env("AWS_PROFILE");
  const name = named || "default";
  const paths = {
    credentials: pathOf(env, "AWS_SHARED_CREDENTIALS_FILE", "credentials"),
    config: pathOf(env, "AWS_CONFIG_FILE", "config"),
  };
  const [credentialsFile, configFile] = await Promise.all([
    readSections(paths.credentials),
    readSections(paths.config),
  ]);
  const inCredentials = credentialsFile.get(name);
  const inConfig = configFile.get(`profile ${name}`) ??
    (name === "default" ? configFile.get(name) : undefined);
  if (inCredentials === undefined && inConfig === undefined) {
    if (named) throw missing(name, paths);
    return undefined;
  }
  const sections = [inCredentials ?? EMPTY, inConfig ?? EMPTY] as const;
  const get = (key: string) => sections[0].get(key) ?? sections[1].get(key);
  return { name, sections, get, services: configFile.get(`services ${get("services")}`) ?? EMPTY };
}

/** Undefined where the environment does not tell. */
function pathOf(env: Env, variable: string, file: string): string | undefined {
  const home = env("HOME");
  const own = env(variable);
  if (!own) return home ? `${home}/.aws/${file}` : undefined;
  return home && own.startsWith("~/") ? `${home}${own.slice(1)}` : own;
}

async function readSections(path: string | undefined): Promise<ReadonlyMap<string, IniSection>> {
  if (path === undefined) return new Map();
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return new Map();
    throw new HxError("config", `the AWS file ${path} can't be read`, {
      hint: "check its permissions",
      cause,
    });
  }
  return parseIni(text, path);
}

function missing(name: string, paths: Record<string, string | undefined>): HxError {
  const looked = Object.values(paths).filter((path) => path !== undefined);
  const where = looked.length === 0 ? "no file, as HOME is not set" : looked.join(" and ");
  return new HxError("config", `there is no AWS profile "${name}": looked in ${where}`, {
    hint: `check its name; in a config file its section is [profile ${name}]`,
  });
}
