// The files of deploy/, read as their readers would.
import { readFileSync } from "node:fs";
import { parse } from "yaml";

const deploy = new URL("../../deploy/", import.meta.url);

export const path = (name) => new URL(name, deploy).pathname;
export const text = (name) => readFileSync(path(name), "utf8");
export const yaml = (name) => parse(text(name), { merge: true, strict: true, uniqueKeys: true });
