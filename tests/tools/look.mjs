// Looks at a page in Chromium and prints what it saw as JSON: node look.mjs MODULES CHROMIUM PROFILE PAGE FOLDER
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const [modules, executablePath, profile, page, folder] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const args = [
  "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
  "--no-first-run",
];
const seen = { errors: [], requests: [], violations: {}, wider: {}, rows: {}, found: null };
for (const javaScriptEnabled of [true, false]) {
  const context = await chromium.launchPersistentContext(`${profile}/${javaScriptEnabled}`, {
    executablePath, args, headless: true, javaScriptEnabled,
  });
  const tab = await context.newPage();
  tab.on("console", (message) => { if (message.type() === "error") seen.errors.push(message.text()); });
  tab.on("pageerror", (error) => seen.errors.push(String(error)));
  tab.on("request", (request) => seen.requests.push(request.url()));
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [1280, 390]) {
      const name = `catalog-${width}-${colorScheme}${javaScriptEnabled ? "" : "-without-js"}`;
      await tab.emulateMedia({ colorScheme });
      await tab.setViewportSize({ width, height: 900 });
      await tab.goto(page);
      seen.rows[name] = await tab.locator("tbody tr:visible").count();
      await tab.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
      if (!javaScriptEnabled) continue;
      seen.wider[name] = await tab.evaluate("document.documentElement.scrollWidth - innerWidth");
      await tab.evaluate(axe);
      const found = await tab.evaluate("axe.run()");
      seen.violations[name] = found.violations.map((it) => `${it.id}: ${it.nodes.map((node) => node.html).join(" ")}`);
    }
  }
  if (javaScriptEnabled) {
    await tab.getByLabel("Search models").fill("MINILM prod");
    seen.found = await tab.locator("tbody tr:visible").count();
  }
  await context.close();
}
console.log(JSON.stringify(seen));
