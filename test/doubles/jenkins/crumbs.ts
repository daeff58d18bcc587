import { createHash, randomBytes } from "node:crypto";

const COOKIE = "JSESSIONID";

/** Crumbs of one run of Jenkins: each holds for one user in one session only. */
export class Crumbs {
  readonly #salt = randomBytes(16).toString("hex");
  readonly #sessions = new Set<string>();

  /** The session of a request's cookies, where it is one of this run. */
  sessionOf(cookies: string | undefined): string | undefined {
    const id = new RegExp(`${COOKIE}=([^;]+)`).exec(cookies ?? "")?.[1];
    return id !== undefined && this.#sessions.has(id) ? id : undefined;
  }

  /** The header that begins a session, and the session. */
  begin(): { readonly session: string; readonly cookie: string } {
    const session = `node0${randomBytes(12).toString("hex")}.node0`;
    this.#sessions.add(session);
    return { session, cookie: `${COOKIE}=${session}; Path=/; HttpOnly; SameSite=Lax` };
  }

  crumbOf(user: string, session: string): string {
    return createHash("sha256").update([this.#salt, user, session].join(":")).digest("hex");
  }
}
