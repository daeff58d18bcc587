import assert from "node:assert/strict";
import { writeDeck } from "../../../src/convert/deck-write.ts";
import { importDeck } from "../../../src/offline/import-deck.ts";
import { manifestText } from "../../../src/offline/write-files.ts";
import { startKongDouble, type KongDouble } from "../../doubles/kong/double.ts";
import { lines, live, manifestsOf, populate, run } from "./rig.ts";

/** Of a decK file, without what the manifests cannot hold: tags of a consumer's credentials. */
async function deckOf(url: string): Promise<string> {
  const { entities } = await live(url);
  return writeDeck(
    entities.map((entity) => ({ ...entity, fields: { ...entity.fields, tags: [] } })),
    { selectTags: [], workspace: "" },
  );
}

function imported(deck: string, { adopt }: { adopt?: "match" } = {}): string {
  const given = { namespace: "team-a", adopt, withSecrets: true, variable: () => undefined };
  return manifestText(importDeck(deck, "deck.yaml", given).objects, []);
}

describe("offline: exported, imported and synced again", () => {
  let kong: KongDouble;
  let other: KongDouble;

  beforeEach(async () => {
    kong = await startKongDouble();
    other = await startKongDouble();
    await populate(kong.adminUrl);
  });

  afterEach(() => Promise.all([kong.stop(), other.stop()]));

  it("takes a gateway made by hand over as manifests, and changes nothing but the marks", async () => {
    const before = await deckOf(kong.adminUrl);
    const manifests = await manifestsOf(kong.adminUrl);
    const taken = await run(kong.adminUrl, manifests);
    assert.deepEqual(taken.failures, []);
    assert.deepEqual([...new Set(taken.changes.flatMap(({ fields }) => fields.map(({ path }) => path)))], ["tags"]);
    assert.equal(taken.changes.filter(({ action }) => action !== "update").length, 0);
    assert.deepEqual(lines(await run(kong.adminUrl, manifests, { write: false, prune: true })), []);
    assert.equal(await deckOf(kong.adminUrl), before);
  });

  it("takes it over by way of a decK file as well", async () => {
    const manifests = imported(await deckOf(kong.adminUrl), { adopt: "match" });
    const planned = await run(kong.adminUrl, manifests, { write: false });
    assert.deepEqual(planned.failures, []);
    assert.deepEqual([...new Set(planned.changes.map(({ action }) => action))], ["adopt"]);
    await run(kong.adminUrl, manifests);
    assert.deepEqual(lines(await run(kong.adminUrl, manifests, { write: false })), []);
  });

  it("makes an empty gateway the same, but for what only a hash is known of", async () => {
    const made = await run(other.adminUrl, imported(await deckOf(kong.adminUrl)));
    assert.deepEqual(made.failures, []);
    const withoutIds = async (url: string): Promise<string[]> => {
      const { entities } = await live(url);
      const kept = entities.filter(({ type }) => type !== "basicauth_credentials");
      const named = kept.map((entity) => ({ ...entity, hasOwnId: false, fields: { ...entity.fields, tags: [] } }));
      // The ids of certificates, which services name, are others there.
      const text = writeDeck(named, { selectTags: [], workspace: "" }).replaceAll(
        /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g,
        "ID",
      );
      return text.split("\n");
    };
    assert.deepEqual(await withoutIds(other.adminUrl), await withoutIds(kong.adminUrl));
  });

  it("takes only what has a tag, and what belongs to that", async () => {
    const { entities } = await live(kong.adminUrl, "hand");
    const names = entities.map(({ type, fields }) =>
      `${type} ${String(fields["name"] ?? fields["username"] ?? "")}`.trim(),
    );
    assert.deepEqual(names.sort(), ["ca_certificates", "consumers alice@example.com", "services Users_API", "targets"]);
  });
});
