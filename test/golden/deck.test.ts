import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { parse, parseAllDocuments } from "yaml";
import { writeDeck } from "../../src/convert/deck-write.ts";
import { readDeck } from "../../src/convert/deck-read.ts";
import { isSecretField } from "../../src/kong/secret-fields.ts";
import { importDeck } from "../../src/offline/import-deck.ts";
import { manifestText } from "../../src/offline/write-files.ts";

/*
 * To add a case: a folder deck-cases/<what it shows>/ with in.yaml, a decK file whose first line is a comment: the test's
 * name. KJO_GOLDEN_UPDATE=1 npm run test:unit -- --grep golden writes out.yaml, the manifests that kjo import makes of it
 * with what is lost on top, and deck.yaml, the decK file that its entities are written as again.
 */
const CASES = new URL("deck-cases/", import.meta.url);
const IS_UPDATE = process.env["KJO_GOLDEN_UPDATE"] === "1";
const VARIABLES: Readonly<Record<string, string>> = { DECK_HOST: "from-env.example" };
const variable = (name: string): string | undefined => VARIABLES[name];

describe("golden: decK files -> manifests, and decK files again", () => {
  for (const name of readdirSync(CASES).sort()) {
    const folder = new URL(`${name}/`, CASES);
    const text = readFileSync(new URL("in.yaml", folder), "utf8");

    const compare = (file: string, made: string): void => {
      const out = new URL(file, folder);
      if (IS_UPDATE) writeFileSync(out, made);
      assert.ok(existsSync(out), `there is no ${file} yet: see the comment above`);
      assert.equal(made, readFileSync(out, "utf8"));
    };

    it(`${name}: ${/^# (.+)$/m.exec(text)?.[1]}`, () => {
      const { objects, lost } = importDeck(text, "in.yaml", { namespace: "team-a", withSecrets: false, variable });
      compare("out.yaml", manifestText(objects, lost));
    });

    it(`${name} is written as a decK file again, without its secrets`, function () {
      // References to the environment are no YAML.
      if (text.includes("${{")) return;
      const { entities } = readDeck(parse(text));
      compare("deck.yaml", writeDeck(entities, { isSecret: isSecretField, selectTags: ["team-shop"], workspace: "" }));
    });
  }

  it("never shows a secret where it was not asked to", () => {
    const text = readFileSync(new URL("full-dump/in.yaml", CASES), "utf8");
    const secrets = ["hmac-secret", "jwt-secret", "key-one", "key-two", "redis-password", "MIIE", "Bearer token"];
    const manifests = importDeck(text, "in.yaml", { namespace: "team-a", withSecrets: false, variable });
    const shown = [
      manifestText(manifests.objects, manifests.lost),
      writeDeck(readDeck(parse(text)).entities, { isSecret: isSecretField, selectTags: [], workspace: "" }),
    ].join();
    assert.deepEqual(
      secrets.filter((secret) => shown.includes(secret)),
      [],
    );
  });

  it("puts what the environment holds into Secrets only when asked to", () => {
    const text = readFileSync(new URL("written-by-hand/in.yaml", CASES), "utf8");
    const all: Readonly<Record<string, string>> = {
      ...VARIABLES,
      DECK_NOT_SET: "/path",
      DECK_APP_KEY: "the-app-key",
      DECK_COOKIE: "cookie",
      DECK_CA: "ca",
    };
    const given = { namespace: "team-a", variable: (name: string) => all[name] };
    const plain = importDeck(text, "in.yaml", { ...given, withSecrets: false });
    assert.ok(!manifestText(plain.objects, plain.lost).includes("the-app-key"));
    const full = importDeck(text, "in.yaml", { ...given, withSecrets: true });
    const documents = parseAllDocuments(manifestText(full.objects, [])).map((document) => document.toJS());
    assert.ok(documents.some(({ kind, stringData }) => kind === "Secret" && stringData.key === "the-app-key"));
    assert.throws(
      () => importDeck(text, "in.yaml", { ...given, variable, withSecrets: true }),
      /in\.yaml: the environment variable DECK_\w+ is not set/,
    );
  });

  for (const [given, message] of [
    ["services: []", /has no _format_version/],
    ['_format_version: "1.1"', /is of format 1\.1/],
    ["- a", /holds no object/],
    ['_format_version: "3.0"\nservices: {}', /services: must be a list/],
    ['_format_version: "3.0"\nplugins: [{name: cors, _config: none}]', /_plugin_configs/],
    ['_format_version: "3.0"\na: ${{ env "HOME" }}', /begin with DECK_/],
    ['_format_version: "3.0"\nconsumers: [CANARY: [', /in\.yaml:2: neither YAML nor JSON/],
  ] as const) {
    it(`refuses ${JSON.stringify(given)}`, () => {
      assert.throws(
        () => importDeck(given, "in.yaml", { namespace: "a", withSecrets: false, variable }),
        (error: Error) => message.test(error.message) && !error.message.includes("CANARY"),
      );
    });
  }
});
