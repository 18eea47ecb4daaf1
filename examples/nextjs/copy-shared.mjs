// Next.js imports from its own folder only. In a project of your own, copy purse.js once.
import { copyFile } from "node:fs/promises";

const here = (path) => new URL(path, import.meta.url);

await copyFile(here("../../public/purse.js"), here("lib/purse.js"));
await copyFile(here("../plain/style.css"), here("app/style.css"));
