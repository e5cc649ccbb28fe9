// Bundles src/ into dist/: an index.html and assets whose names carry their hash, so that they can be cached for ever.
import { build } from "esbuild";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(fileURLToPath(import.meta.url));
const dist = join(root, "dist");
const entries = { "main.js": "src/main.ts", "styles.css": "src/styles.css", "icon.svg": "src/icon.svg" };

await rm(dist, { recursive: true, force: true });
const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: Object.values(entries),
    outdir: "dist/assets",
    entryNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    bundle: true,
    minify: true,
    format: "esm",
    target: ["es2022", "chrome123", "firefox120", "safari17.5"],
    loader: { ".woff2": "file", ".svg": "copy" },
    metafile: true,
    logLevel: "warning",
});

const built = Object.entries(metafile.outputs);
const outputOf = (source) => built.find(([, output]) => output.entryPoint === source)?.[0];
let page = await readFile(join(root, "src/index.html"), "utf8");
for (const [name, source] of Object.entries(entries)) {
    const output = outputOf(source);
    if (!output || !page.includes(`{{${name}}}`))
        throw new Error(`nothing built, or no place in index.html, for ${name}`);
    page = page.replaceAll(`{{${name}}}`, `/assets/${basename(output)}`);
}
await mkdir(dist, { recursive: true });
await writeFile(join(dist, "index.html"), page);
