/** The text is no image reference. The message says why. */
export class ImageReferenceError extends Error {
  override readonly name = "ImageReferenceError";
}

/** An image reference with what is usually left out put in; `nginx` is `docker.io/library/nginx`. */
export interface ImageReference {
  /** `docker.io`, `registry.example:5000`. */
  readonly registry: string;
  /** `library/nginx`. */
  readonly repository: string;
  /** Undefined where none is written: no `latest` is put in, because with a digest beside there is none. */
  readonly tag: string | undefined;
  /** `sha256:…`, undefined where none is written. */
  readonly digest: string | undefined;
}

const DEFAULT_REGISTRY = "docker.io";
const LEGACY_DEFAULT_REGISTRY = "index.docker.io";
const OFFICIAL = "library/";
const MAX_NAME_LENGTH = 255;
/** Hexadecimal digits of the algorithms that registries use. */
const DIGEST_LENGTHS: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

const HOST_PART = "[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?";
const HOST = `(?:${HOST_PART}(?:\\.${HOST_PART})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const COMPONENT = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const REGISTRY = new RegExp(`^${HOST}$`);
const PATH = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*):([0-9a-fA-F]{32,})$/;
/** 64 hexadecimal digits are the id of an image on one machine, not a name. */
const IDENTIFIER = /^[a-f0-9]{64}$/;

/**
 * Reads a reference as Kubernetes does.
 *
 *   parseImageReference("nginx:1.29")
 *   // { registry: "docker.io", repository: "library/nginx", tag: "1.29", digest: undefined }
 *
 * Source: the grammar of distribution/reference, and its normalization.
 * @throws ImageReferenceError
 */
export function parseImageReference(text: string): ImageReference {
  const fail = (why: string): never => {
    throw new ImageReferenceError(`${JSON.stringify(text)} is no image reference: ${why}`);
  };
  if (text === "") fail("it is empty");
  if (IDENTIFIER.test(text)) fail("64 hexadecimal digits are an image's id, not its name");
  const { name, tag, digest } = split(text);
  const { registry, repository } = normalize(name);
  if (/[A-Z]/.test(repository)) fail("a repository has no capital letters");
  if (!REGISTRY.test(registry)) fail(`${JSON.stringify(registry)} is no registry`);
  if (!PATH.test(repository)) fail(`${JSON.stringify(repository)} is no repository`);
  if (repository.length > MAX_NAME_LENGTH) fail(`a repository has at most ${MAX_NAME_LENGTH} characters`);
  if (tag !== undefined && !TAG.test(tag)) fail(`${JSON.stringify(tag)} is no tag`);
  if (digest !== undefined) checkDigest(digest, fail);
  return { registry, repository, tag, digest };
}

/** `docker.io/library/nginx:1.29`, as short as it can be without losing anything. */
export function formatImageReference({ registry, repository, tag, digest }: ImageReference): string {
  return `${registry}/${repository}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

function split(text: string): { name: string; tag: string | undefined; digest: string | undefined } {
  const at = text.indexOf("@");
  const digest = at < 0 ? undefined : text.slice(at + 1);
  const rest = at < 0 ? text : text.slice(0, at);
  // A colon after the last slash belongs to a tag, one before it to a port.
  const colon = rest.indexOf(":", rest.lastIndexOf("/") + 1);
  return colon < 0
    ? { name: rest, tag: undefined, digest }
    : { name: rest.slice(0, colon), tag: rest.slice(colon + 1), digest };
}

/** The first part is a registry only if it looks like one: `team/app` is a repository of the default registry. */
function normalize(name: string): { registry: string; repository: string } {
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(slash, 0));
  const isRegistry = /[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase();
  const given = slash >= 0 && isRegistry ? first : DEFAULT_REGISTRY;
  const registry = given === LEGACY_DEFAULT_REGISTRY ? DEFAULT_REGISTRY : given;
  const path = slash >= 0 && isRegistry ? name.slice(slash + 1) : name;
  const isOfficial = registry === DEFAULT_REGISTRY && !path.includes("/");
  return { registry, repository: isOfficial ? OFFICIAL + path : path };
}

function checkDigest(digest: string, fail: (why: string) => never): void {
  const [, algorithm = "", hex = ""] = DIGEST.exec(digest) ?? fail(`${JSON.stringify(digest)} is no digest`);
  const length = DIGEST_LENGTHS[algorithm] ?? fail(`the digest algorithm ${JSON.stringify(algorithm)} is not known`);
  if (hex.length !== length) fail(`a ${algorithm} digest has ${length} hexadecimal digits, not ${hex.length}`);
  if (hex !== hex.toLowerCase()) fail("a digest has no capital letters");
}
