// Next.js imports from its own folder only. In a project of your own, copy the file once.
import { copyFile } from "node:fs/promises";

await copyFile(new URL("../../public/purse.js", import.meta.url), new URL("lib/purse.js", import.meta.url));
