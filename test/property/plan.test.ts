import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import type { JsonObject } from "../../src/model/json.ts";
import type { KongEntity, KongEntityType } from "../../src/model/kong-entity.ts";
import { CASCADES, redirectReferences, REFERENCES, referencesOf, uniqueKeysOf } from "../../src/plan/entity-graph.ts";
import { planKong, type ActualEntity, type PlannedOperation } from "../../src/plan/kong.ts";

/** A small world: few ids and names, so that entities meet often. */
const TYPES: readonly KongEntityType[] = [
  "certificates",
  "upstreams",
  "targets",
  "services",
  "routes",
  "consumers",
  "acls",
  "plugins",
];
const OWNER = { kind: "KongThing", namespace: "ns", name: "one" };
const SLOTS = 3;

const idOf = (type: KongEntityType, slot: number): string => `${type}-${slot}`;

interface Draft {
  readonly type: KongEntityType;
  readonly slot: number;
  readonly value: number;
  readonly references: readonly number[];
}

const draft: fc.Arbitrary<Draft> = fc.record({
  type: fc.constantFrom(...TYPES),
  slot: fc.nat(SLOTS - 1),
  value: fc.nat(4),
  references: fc.array(fc.nat(SLOTS), { minLength: 3, maxLength: 3 }),
});

/** Entities whose references all point into the same set, as Kong would have it, and whose unique values differ. */
const world: fc.Arbitrary<ActualEntity[]> = fc.array(draft, { maxLength: 14 }).map((drafts) => {
  const entities = new Map<string, ActualEntity>();
  const taken = new Set<string>();
  for (const type of TYPES) {
    for (const { slot, value, references } of drafts.filter((each) => each.type === type)) {
      const fields = fieldsOf(type, slot, value, references, entities);
      const keys = fields ? uniqueKeysOf(type, fields).map((key) => `${type} ${key}`) : [];
      if (!fields || keys.some((key) => taken.has(key)) || entities.has(idOf(type, slot))) continue;
      for (const key of keys) taken.add(key);
      entities.set(idOf(type, slot), { type, id: idOf(type, slot), part: `${slot}`, owner: OWNER, fields });
    }
  }
  return [...entities.values()];
});

/** References that must be there in Kong. */
const REQUIRED = new Set(["targets.upstream", "acls.consumer"]);

function fieldsOf(
  type: KongEntityType,
  slot: number,
  value: number,
  references: readonly number[],
  there: ReadonlyMap<string, ActualEntity>,
): JsonObject | undefined {
  const fields: JsonObject = { value };
  for (const [index, [field, to]] of Object.entries(REFERENCES[type]).entries()) {
    const id = idOf(to, references[index] ?? 0);
    if (there.has(id)) fields[field] = field === "ca_certificates" ? [id] : { id };
    else if (REQUIRED.has(`${type}.${field}`)) return undefined;
  }
  if (["services", "routes", "upstreams", "plugins"].includes(type)) fields["name"] = `name-${value}`;
  if (type === "consumers") fields["username"] = `name-${value}`;
  if (type === "acls") fields["group"] = `group-${value}`;
  if (type === "targets") fields["target"] = `10.0.0.${slot}:80`;
  return fields;
}

const compare = (wanted: KongEntity, found: ActualEntity): { path: string }[] =>
  isDeepStrictEqual([wanted.fields, wanted.part], [found.fields, found.part]) ? [] : [{ path: "fields" }];

/** Kong's rules about references; a violation is an assertion that fails. */
class ModelKong {
  readonly entities: Map<string, ActualEntity>;

  constructor(entities: readonly ActualEntity[]) {
    this.entities = new Map(entities.map((entity) => [entity.id, entity]));
  }

  apply({ action, entity }: PlannedOperation): void {
    if (action === "delete") {
      this.#remove(entity.id);
    } else {
      assert.equal(this.entities.has(entity.id), action === "update", `${action} of ${entity.id}`);
      this.entities.set(entity.id, entity);
    }
    for (const { type, id, fields } of this.entities.values()) {
      for (const reference of referencesOf(type, fields)) {
        assert.ok(this.entities.has(reference.id), `${id} refers to ${reference.id}, which is not there`);
      }
    }
  }

  #remove(id: string): void {
    for (const user of [...this.entities.values()]) {
      const fields = referencesOf(user.type, user.fields).filter((reference) => reference.id === id);
      if (fields.length === 0) continue;
      assert.ok(
        fields.some(({ field }) => CASCADES.has(`${user.type}.${field}`)),
        `${user.id} still refers to ${id}`,
      );
      this.#remove(user.id);
    }
    this.entities.delete(id);
  }
}

/** Entities by type and part: an id may be another one, where an existing entity has been taken. */
function normal(entities: Iterable<ActualEntity>): unknown {
  const all = [...entities];
  const ids = new Map(all.map(({ id, type, part }) => [id, `${type}/${part}`]));
  return all
    .map(({ type, part, fields }) => ({ type, part, fields: redirectReferences(type, fields, ids) }))
    .sort((a, b) => (`${a.type}/${a.part}` < `${b.type}/${b.part}` ? -1 : 1));
}

describe("plan/kong, for any desired and any actual", () => {
  it("plans nothing where both are the same", () => {
    fc.assert(
      fc.property(world, (entities) => {
        assert.deepEqual(planKong({ desired: entities, actual: entities, compare }), []);
      }),
    );
  });

  it("turns actual into desired, and every reference holds after every operation", () => {
    fc.assert(
      fc.property(world, world, (wanted, found) => {
        const kong = new ModelKong(found);
        for (const operation of planKong({ desired: wanted, actual: found, compare })) kong.apply(operation);
        assert.deepEqual(normal(kong.entities.values()), normal(wanted));
      }),
      { numRuns: 2000 },
    );
  });

  it("touches only what it was shown or asked for", () => {
    fc.assert(
      fc.property(world, world, (wanted, found) => {
        const known = new Set([...wanted, ...found].map(({ id }) => id));
        for (const { entity } of planKong({ desired: wanted, actual: found, compare })) assert.ok(known.has(entity.id));
      }),
    );
  });

  it("lets an operation wait only for earlier ones", () => {
    fc.assert(
      fc.property(world, world, (wanted, found) => {
        planKong({ desired: wanted, actual: found, compare }).forEach(({ after }, at) => {
          assert.ok(after.every((earlier) => earlier < at));
        });
      }),
    );
  });

  it("comes to the same in any order that the waiting allows", () => {
    fc.assert(
      fc.property(world, world, fc.infiniteStream(fc.nat()), (wanted, found, choices) => {
        const plan = planKong({ desired: wanted, actual: found, compare });
        const kong = new ModelKong(found);
        const done = new Set<number>();
        while (done.size < plan.length) {
          const free = plan.flatMap(({ after }, at) =>
            !done.has(at) && after.every((earlier) => done.has(earlier)) ? [at] : [],
          );
          const at = free[(choices.next().value ?? 0) % free.length] ?? 0;
          const operation = plan[at];
          assert.ok(operation);
          kong.apply(operation);
          done.add(at);
        }
        assert.deepEqual(normal(kong.entities.values()), normal(wanted));
      }),
      { numRuns: 1000 },
    );
  });
});
