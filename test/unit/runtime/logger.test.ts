import assert from "node:assert/strict";
import { createLogger, type Logger, type LoggerOptions } from "../../../src/runtime/logger.ts";
import { isSecretName } from "../../../src/runtime/redaction.ts";
import { SecretValues } from "../../../src/runtime/secret-values.ts";

const CANARY = "c4n4ry-/+= ümlaut";

function capture(options: Partial<LoggerOptions> = {}): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  const logger = createLogger({ level: "debug", format: "json", write: (line) => lines.push(line), ...options });
  return { logger, lines };
}

function knowing(value: string): SecretValues {
  const secrets = new SecretValues();
  secrets.remember("Secret/team-a/key", [value]);
  return secrets;
}

/** Ways by which a value gets into a line. */
const LEAKS: readonly [string, (logger: Logger) => void][] = [
  ["the message", (logger) => logger.info(`got ${CANARY}`)],
  ["a field", (logger) => logger.info("m", { reason: `key="${CANARY}" is taken` })],
  ["a nested field", (logger) => logger.info("m", { body: { list: [{ value: CANARY }] } })],
  ["the name of a field", (logger) => logger.info("m", { body: { [CANARY]: 1 } })],
  ["an error's message", (logger) => logger.error("m", { error: new Error(`no ${CANARY}`) })],
  ["an error's cause", (logger) => logger.error("m", { error: new Error("x", { cause: new Error(CANARY) }) })],
  ["a field of a child", (logger) => logger.child({ note: CANARY }).info("m")],
  ["base64", (logger) => logger.info("m", { data: Buffer.from(CANARY).toString("base64") })],
  ["a URL", (logger) => logger.info("m", { url: `http://kong/?apikey=${encodeURIComponent(CANARY)}` })],
];

describe("runtime/logger", () => {
  for (const format of ["json", "text"] as const) {
    for (const [where, leak] of LEAKS) {
      it(`keeps a known secret out of ${where} (${format})`, () => {
        const { logger, lines } = capture({ format, secrets: knowing(CANARY) });
        leak(logger);
        assert.equal(lines.length, 1);
        for (const form of [CANARY, Buffer.from(CANARY).toString("base64"), encodeURIComponent(CANARY)]) {
          assert.ok(!lines[0]!.includes(form), lines[0]);
        }
        assert.ok(lines[0]!.includes("[redacted]"));
      });
    }
  }

  it("says whom a line is about, whatever somebody has put into a Secret", () => {
    const { logger, lines } = capture({ secrets: knowing("KongRoute") });
    logger.info("m", { key: "KongRoute/team-a/x", reason: "KongRoute" });
    logger.info("m", { key: "a KongRoute" });
    assert.match(lines[0]!, /"key":"KongRoute\/team-a\/x","reason":"\[redacted\]"/);
    assert.match(lines[1]!, /a \[redacted\]/);
  });

  it("hides what a field's name calls secret, known or not", () => {
    const { logger, lines } = capture();
    logger.info("m", { password: "x1", headers: { Authorization: "Bearer y2", "x-api-key": "z3" } });
    assert.ok(!/x1|y2|z3/.test(lines[0]!), lines[0]);
  });

  it("writes one JSON object a line with constant keys first", () => {
    const { logger, lines } = capture();
    logger.child({ controller: "KongRoute" }).warn("reconciled", { durationMs: 3, level: "fake" });
    assert.ok(lines[0]!.endsWith("\n"));
    const line = JSON.parse(lines[0]!) as Record<string, unknown>;
    assert.deepEqual(Object.keys(line), ["time", "level", "message", "controller", "durationMs"]);
    assert.deepEqual([line["level"], line["message"]], ["warn", "reconciled"]);
  });

  it("writes text with the fields behind the message", () => {
    const { logger, lines } = capture({ format: "text" });
    logger.info("reconciled", { key: "KongRoute/a/b", reason: "two words", count: 2 });
    assert.match(
      lines[0]!,
      /^\d\d:\d\d:\d\d\.\d{3} info  reconciled key=KongRoute\/a\/b reason="two words" count=2\n$/,
    );
  });

  it("leaves out what is below its level", () => {
    const { logger, lines } = capture({ level: "warn" });
    logger.debug("a");
    logger.info("b");
    logger.warn("c");
    assert.equal(lines.length, 1);
  });

  it("writes an object that refers to itself", () => {
    const { logger, lines } = capture();
    const loop: Record<string, unknown> = {};
    loop["self"] = loop;
    logger.info("m", { loop });
    assert.match(lines[0]!, /deep/);
  });
});

describe("runtime/redaction", () => {
  const secret = [
    "password",
    "client_secret",
    "apiKey",
    "x-api-key",
    "Authorization",
    "privateKey",
    "refreshToken",
    "jwt",
  ];
  const open = ["key", "keys", "secretName", "tokenFile", "passwordRef", "entity", "path", "credentialCount", "keyId"];
  for (const name of secret) it(`calls ${name} secret`, () => assert.equal(isSecretName(name), true));
  for (const name of open) it(`does not call ${name} secret`, () => assert.equal(isSecretName(name), false));
});

describe("runtime/secret-values", () => {
  it("forgets a value when its last owner does", () => {
    const secrets = new SecretValues();
    secrets.remember("a", ["shared-value", "own-value"]);
    secrets.remember("b", ["shared-value"]);
    secrets.forget("a");
    assert.equal(secrets.redact("shared-value own-value"), "[redacted] own-value");
    secrets.forget("b");
    assert.equal(secrets.redact("shared-value"), "shared-value");
  });

  it("replaces the owner's earlier values", () => {
    const secrets = new SecretValues();
    secrets.remember("a", ["old-value"]);
    secrets.remember("a", ["new-value"]);
    assert.equal(secrets.redact("old-value new-value"), "old-value [redacted]");
  });

  it("takes the longer of two values that begin alike", () => {
    const secrets = new SecretValues();
    secrets.remember("a", ["secret-1", "secret-1-and-more"]);
    assert.equal(secrets.redact("<secret-1-and-more><secret-1>"), "<[redacted]><[redacted]>");
  });

  it("leaves ordinary text alone where a value is very short", () => {
    const secrets = new SecretValues();
    secrets.remember("a", ["on", ""]);
    assert.equal(secrets.redact("once upon"), "once upon");
  });

  it("takes 20,000 values that begin alike, in one Secret, without holding anybody up", () => {
    const secrets = new SecretValues();
    const startedAt = performance.now();
    secrets.remember(
      "a",
      Array.from({ length: 20_000 }, (_, index) => `Kong-${index.toString(36)}`),
    );
    for (let number = 0; number < 1_000; number++) secrets.redact("KongRoute/a/b KongRoute/c/d KongGateway/e/f");
    assert.ok(performance.now() - startedAt < 2_000);
    assert.equal(secrets.redact("<Kong-abc> <Kong-fez> <Konga>"), "<[redacted]> <[redacted]> <Konga>");
    secrets.forget("a");
    assert.equal(secrets.redact("<Kong-abc>"), "<Kong-abc>");
  });

  it("redacts 1,000 lines with 10,000 known values without looking at each value for each line", () => {
    const secrets = new SecretValues();
    for (let number = 0; number < 10_000; number++)
      secrets.remember(`o${number}`, [`value-${number}-${"x".repeat(24)}`]);
    const line = "reconciled key=KongRoute/team-a/route-17 durationMs=3 ".repeat(6);
    const startedMs = performance.now();
    for (let number = 0; number < 1_000; number++) secrets.redact(line);
    assert.ok(performance.now() - startedMs < 5_000, `${performance.now() - startedMs} ms`);
  });
});
