// Says what the second validator thinks of an OpenAPI document. Called by test_openapi.py: node openapi_check.mjs FILE

const packages = new URL("../../web/node_modules/", import.meta.url);
const { Validator } = await import(new URL("@seriousme/openapi-schema-validator/index.js", packages));
const validator = new Validator();
const found = await validator.validate(process.argv[2]);
console.log(JSON.stringify({ valid: found.valid, version: validator.version, errors: found.errors ?? [] }));
