// The suites are built for Node 22 and import `globSync` of `fs`, which Node 20 does not have and server runs never call.
import fs from "node:fs";
import { register } from "node:module";
if (!("globSync" in fs)) register("data:text/javascript," + encodeURIComponent(`
export async function resolve(name, context, next) {
  if (name === "fs" && !context.parentURL?.startsWith("data:"))
    return { url: "data:text/javascript," + encodeURIComponent('export * from "node:fs"; export { default } from "node:fs"; export const globSync = undefined;'), shortCircuit: true };
  return next(name, context);
}`));
