// The Dockerfile, as far as it can be judged without building it.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { DockerfileParser } from "dockerfile-ast";
import { validate } from "dockerfile-utils";
import { path, text } from "./files.mjs";

const source = text("Dockerfile");
const file = DockerfileParser.parse(source);
const last = source.slice(source.lastIndexOf("\nFROM "));

test("its syntax is right, and nothing in it is deprecated", () => {
  const found = validate(source).map(({ range, message }) => `line ${range.start.line + 1}: ${message}`);
  assert.deepEqual(found, []);
});

test("it has several stages, each from an image by name, and only what is built goes into the last", () => {
  const froms = file.getFROMs();
  assert.equal(froms.length, 3);
  const names = froms.map((from) => from.getImage());
  for (const name of names) assert.match(name, /\$\{DEBIAN\}/, "every stage is Debian's, of one release");
  assert.match(names.at(-1), /^debian:/);
  const copies = [...last.matchAll(/^COPY (.*)$/gm)].map(([, words]) => words);
  assert.ok(copies.every((words) => words.startsWith("--from=")), copies.join("; "));
  assert.doesNotMatch(last, /apt-get|curl|wget/);
});

test("it runs as a user that is not root, and stops by SIGTERM", () => {
  const user = file.getInstructions().findLast((line) => line.getKeyword() === "USER");
  assert.match(user.getArgumentsContent(), /^[1-9]\d*:[1-9]\d*$/);
  assert.match(last, /^STOPSIGNAL SIGTERM$/m);
  assert.match(last, /^ENTRYPOINT \["unisson"\]$/m, "no shell between the supervisor and the server");
});

test("it asks itself whether it is well, with nothing but its own program", () => {
  const [check] = file.getHEALTHCHECKs();
  assert.match(check.getArgumentsContent(), /CMD \["unisson", "doctor", "--running"\]$/);
});

test("what it copies exists, and the build is shown it", () => {
  const shown = text("Dockerfile.dockerignore").split("\n");
  for (const copy of file.getCOPYs()) {
    const words = copy.getArguments().map((word) => word.getValue());
    if (copy.getFromFlag()) continue;
    for (const from of words.slice(0, -1)) {
      assert.ok(existsSync(path(`../${from}`)), `${from} is in the repository`);
      const parts = from.split("/");
      const above = parts.map((_, at) => `!${parts.slice(0, at + 1).join("/")}`);
      assert.ok(above.some((line) => shown.includes(line)), `Dockerfile.dockerignore shows ${from}`);
    }
  }
});

test("it builds with the compiler and the Node that the repository wants", () => {
  const rust = /^rust-version = "(.*)"$/m.exec(text("../Cargo.toml"))[1];
  assert.match(source, new RegExp(`^ARG RUST=${rust.replace(".", "\\.")}$`, "m"));
  const { engines } = JSON.parse(text("../web-client/package.json"));
  const node = Number(/^ARG NODE=(\d+)$/m.exec(source)[1]);
  assert.ok(node >= Number.parseInt(engines.node.replace(">=", ""), 10));
});
