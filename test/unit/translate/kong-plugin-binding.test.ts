import assert from "node:assert/strict";
import type { KongPluginBindingSpec } from "../../../src/api/v1alpha1/kong-plugin-binding.ts";
import { InvalidSpecError } from "../../../src/errors.ts";
import { redactorFor } from "../../../src/kong/redaction.ts";
import type { KongEntity } from "../../../src/model/kong-entity.ts";
import { kongPluginBindingTranslation } from "../../../src/translate/kong-plugin-binding.ts";

const VALUE = "value-that-nobody-may-see";

function translate(spec: Partial<KongPluginBindingSpec>, secret: Readonly<Record<string, string>>): KongEntity {
  const [plugin] = kongPluginBindingTranslation.translate(
    { plugin: "acme", scope: "Global", ...spec },
    {
      owner: { kind: "KongPluginBinding", namespace: "team-a", name: "acme" },
      instance: "team-a.default",
      cluster: "c",
      defaultName: "team-a.acme",
      idFor: () => "id",
      idOf: () => "id",
      nameOf: () => "name",
      groupName: (group) => group,
      secret: () => secret,
    },
  );
  assert.ok(plugin);
  return plugin;
}

const valueFrom = { secretKeyRef: { name: "acme", key: "value" } };

describe("translate/kong-plugin-binding: Secrets", () => {
  for (const { path, config } of [
    { path: "/redis/password", config: {} },
    { path: "/headers/x.api.key", config: {} },
    { path: "/paths/a~1b", config: {} },
    { path: "/names/a~0b", config: {} },
    { path: "/add/headers/-", config: { add: { headers: ["x-first:1"] } } },
  ]) {
    it(`redacts what Kong says of the value at ${path}`, () => {
      const plugin = translate({ config, configPatches: [{ path, valueFrom }] }, { value: VALUE });
      assert.ok(JSON.stringify(plugin.fields).includes(VALUE));
      assert.ok(!redactorFor(plugin).text(`bad value: ${VALUE}`).includes(VALUE));
    });
  }

  for (const [title, text] of [
    ["a value that YAML takes for a tag", `password: !${VALUE}`],
    ["what is no YAML", `password: "${VALUE}`],
    ["a key that is there twice", `${VALUE}: 1\n${VALUE}: 2`],
    ["aliases that grow without end", `a: &a [${VALUE}]\n${manyAliases()}`],
  ] as const) {
    it(`refuses ${title} without a word of it, in the error or on standard error`, async () => {
      const warnings: string[] = [];
      const note = (warning: Error): void => void warnings.push(`${warning.message}`);
      process.on("warning", note);
      try {
        assert.throws(
          () => translate({ configFrom: valueFrom }, { value: text }),
          (error) =>
            error instanceof InvalidSpecError && error.reason === "InvalidSecret" && !error.message.includes(VALUE),
        );
        await new Promise((resolve) => setImmediate(resolve));
      } finally {
        process.off("warning", note);
      }
      assert.deepEqual(warnings, []);
    });
  }

  it("takes an object in JSON or YAML, with config over it and patches over both", () => {
    const plugin = translate(
      { config: { b: 2 }, configFrom: valueFrom, configPatches: [{ path: "/c/d", valueFrom }] },
      { value: "a: 1\nb: 1\n" },
    );
    assert.deepEqual(plugin.fields["config"], { a: 1, b: 2, c: { d: "a: 1\nb: 1\n" } });
    assert.deepEqual(plugin.secretPaths, ["config", "config.c.d"]);
  });
});

/** Ten levels of ten: 10^10 nodes where nobody counts. */
function manyAliases(): string {
  const names = "abcdefghijk";
  const lines: string[] = [];
  for (let level = 1; level < names.length; level++) {
    const items = Array.from({ length: 10 }, () => `*${names[level - 1]}`).join(",");
    lines.push(`${names[level]}: &${names[level]} [${items}]`);
  }
  return lines.join("\n");
}
