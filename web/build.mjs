// Bundles src/ into dist/: two pages, and assets whose names carry their hash, so that they can be cached for ever.
import { build } from "esbuild";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(fileURLToPath(import.meta.url));
const dist = join(root, "dist");
const pages = {
    "index.html": { "main.js": "src/main.ts", "styles.css": "src/styles.css", "icon.svg": "src/icon.svg" },
    "graphiql.html": {
        "graphiql.js": "src/graphiql/graphiql.tsx",
        "graphiql.css": "src/graphiql/graphiql.css",
        "icon.svg": "src/icon.svg",
    },
};

// GraphiQL's stylesheet brings its own fonts as data: addresses, which our policy forbids and our fonts replace.
const withoutFonts = {
    name: "without-fonts",
    setup: ({ onLoad }) =>
        onLoad({ filter: /graphiql[\\/]dist[\\/]style\.css$/ }, async ({ path }) => ({
            contents: (await readFile(path, "utf8")).replaceAll(/@font-face\s*\{[^}]*\}/g, ""),
            loader: "css",
        })),
};

await rm(dist, { recursive: true, force: true });
const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [...new Set(Object.values(pages).flatMap(Object.values))],
    outdir: "dist/assets",
    entryNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    bundle: true,
    minify: true,
    format: "esm",
    jsx: "automatic",
    define: { "process.env.NODE_ENV": '"production"' },
    // Radix would add <style> elements, which our policy forbids; this one builds sheets, which it allows.
    alias: { "react-style-singleton": join(root, "src/graphiql/sheet.ts") },
    plugins: [withoutFonts],
    target: ["es2022", "chrome123", "firefox120", "safari17.5"],
    loader: { ".woff2": "file", ".svg": "copy", ".graphql": "text" },
    metafile: true,
    logLevel: "warning",
});

const built = Object.entries(metafile.outputs);
const outputOf = (source) => built.find(([, output]) => output.entryPoint === source)?.[0];
await mkdir(dist, { recursive: true });
for (const [file, entries] of Object.entries(pages)) {
    let page = await readFile(join(root, "src", file), "utf8");
    for (const [name, source] of Object.entries(entries)) {
        const output = outputOf(source);
        if (!output || !page.includes(`{{${name}}}`))
            throw new Error(`nothing built, or no place in ${file}, for ${name}`);
        page = page.replaceAll(`{{${name}}}`, `/assets/${basename(output)}`);
    }
    await writeFile(join(dist, file), page);
}
