// Alert rules and dashboard, read by Prometheus' own checker where it is on this machine.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { stringify } from "yaml";
import { path, text, yaml } from "./files.mjs";

const borrowed = path(`../${process.env.CARGO_TARGET_DIR ?? "target"}/tools/usr/bin/promtool`);
const found = [borrowed, "promtool"].find((name) => existsSync(name) || spawnSync(name, ["--version"]).status === 0);
const skip = found ? false : "promtool is not on this machine (Debian's package prometheus has it)";

function promtool(...words) {
  const { status, stdout, stderr } = spawnSync(found, words, { encoding: "utf8", cwd: path("prometheus") });
  assert.equal(status, 0, `${stdout}${stderr}`);
}

const rules = yaml("prometheus/alerts.yaml").groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(text("grafana/unisson.json"));
const queries = dashboard.panels.flatMap((panel) => (panel.targets ?? []).map((target) => [panel.title, target.expr]));

test("Prometheus takes the alert rules", { skip }, () => promtool("check", "rules", "alerts.yaml"));

test("what should ring rings, and a quiet node doesn't", { skip }, () => promtool("test", "rules", "alerts.test.yaml"));

test("every query of the dashboard is one", { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), "unisson-queries-"));
  try {
    const filled = (query) => query.replaceAll("$__rate_interval", "5m").replaceAll("$instance", ".*");
    const asRules = queries.map(([, query], at) => ({ record: `panel:${at}`, expr: filled(query) }));
    writeFileSync(join(folder, "rules.yaml"), stringify({ groups: [{ name: "dashboard", rules: asRules }] }));
    promtool("check", "rules", join(folder, "rules.yaml"));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("every alert says how urgent it is, what is wrong, and where to read on", () => {
  const runbook = text("../docs/OPERATIONS.md");
  for (const { alert, labels, annotations } of rules) {
    assert.match(labels.severity, /^(page|ticket)$/, alert);
    assert.ok(annotations.summary.length > 10, alert);
    assert.equal(annotations.runbook, `docs/OPERATIONS.md#${alert.toLowerCase()}`);
    assert.match(runbook, new RegExp(`^### ${alert}$`, "m"), `docs/OPERATIONS.md has a section ${alert}`);
  }
  const sections = [...runbook.matchAll(/^### (Unisson\w+)$/gm)].map(([, name]) => name);
  const known = rules.map(({ alert }) => alert);
  assert.deepEqual(sections.filter((name) => !known.includes(name)), [], "sections without an alert");
});

test("the dashboard has a place for every panel, and none twice", () => {
  const ids = dashboard.panels.map((panel) => panel.id);
  assert.equal(new Set(ids).size, ids.length);
  const cells = new Set();
  for (const { title, gridPos } of dashboard.panels) {
    assert.ok(gridPos.x + gridPos.w <= 24, title);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        assert.ok(!cells.has(`${x},${y}`), `${title} lies over another`);
        cells.add(`${x},${y}`);
      }
    }
  }
  for (const [title, query] of queries) assert.ok(query && title, title);
});
