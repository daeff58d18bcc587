import type { KongDouble } from "../doubles/kong/double.ts";

/** Puts entities into the gateway that somebody else looks after; nothing may happen to them. */
export async function addForeign({ adminUrl }: KongDouble): Promise<void> {
  const put = async (path: string, body: unknown): Promise<void> => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(adminUrl + path, { method: "PUT", headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`PUT ${path}: ${response.status} ${await response.text()}`);
  };
  await put("/services/foreign", { host: "foreign.test", tags: ["somebody-else"] });
  await put("/routes/foreign", { paths: ["/foreign"], service: { name: "foreign" } });
  await put("/plugins/5b5b3ea8-3d3c-4f2c-9a92-7a0a8f6f1a01", { name: "cors", service: { name: "foreign" } });
  await put("/consumers/foreign", { custom_id: "f-1" });
  await put("/upstreams/foreign", {});
}
