import { parseArgs } from "node:util";
import { JenkinsDouble } from "./double.ts";
import { USERS } from "./users.ts";

const { values } = parseArgs({
  options: { port: { type: "string", default: "0" }, "context-path": { type: "string", default: "" } },
});
const double = await JenkinsDouble.start({ port: Number(values.port), contextPath: values["context-path"] });
console.log(`Jenkins (stand-in): ${double.url}`);
for (const { name, token, password } of USERS) console.log(`  user ${name}  token ${token}  password ${password}`);
console.log("Jobs are made as on a real one: POST createItem?name=NAME with a config.xml.");

const stop = (): void => void double.stop().then(() => process.exit(0));
process.on("SIGTERM", stop);
process.on("SIGINT", stop);
