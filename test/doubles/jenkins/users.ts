export const PERMISSIONS = [
  "Overall/Read",
  "Item/Discover",
  "Item/Read",
  "Item/Build",
  "Item/Cancel",
  "Admin",
] as const;
export type Permission = (typeof PERMISSIONS)[number];

export interface User {
  readonly name: string;
  readonly password: string;
  readonly token: string;
  readonly permissions: ReadonlySet<Permission>;
}

/** Who a request comes from; `anonymous` where it does not say. */
export interface Caller {
  readonly name: string;
  readonly permissions: ReadonlySet<Permission>;
  /** By an API token: no crumb is wanted. */
  readonly hasToken: boolean;
}

const EVERYTHING: ReadonlySet<Permission> = new Set(PERMISSIONS);
const permissions = (...names: Permission[]): ReadonlySet<Permission> => new Set(names);

/** The double's users, each with a password and an API token named after it. */
export const USERS: readonly User[] = [
  user("admin", EVERYTHING),
  user("dev", permissions("Overall/Read", "Item/Read", "Item/Build", "Item/Cancel")),
  user("reader", permissions("Overall/Read", "Item/Read")),
  user("overall", permissions("Overall/Read")),
  user("disco", permissions("Overall/Read", "Item/Discover")),
  user("nobody", permissions()),
];

function user(name: string, granted: ReadonlySet<Permission>): User {
  const digits = Buffer.from(name).toString("hex").padEnd(32, "0").slice(0, 32);
  return { name, password: `${name}-password`, token: `11${digits}`, permissions: granted };
}

/** @returns undefined for credentials that nobody has: 401. */
export function callerOf(authorization: string | undefined, anonymous: ReadonlySet<Permission>): Caller | undefined {
  const [scheme = "", encoded = ""] = authorization?.split(" ") ?? [];
  if (scheme.toLowerCase() !== "basic") return { name: "anonymous", permissions: anonymous, hasToken: false };
  const [name = "", ...rest] = Buffer.from(encoded, "base64").toString("utf8").split(":");
  const secret = rest.join(":");
  const found = USERS.find((each) => each.name === name && (each.token === secret || each.password === secret));
  return found && { name: found.name, permissions: found.permissions, hasToken: found.token === secret };
}
