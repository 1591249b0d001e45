/* Imported before everything else, so that a Node that cannot run the rest says so instead of failing in the middle. */
const oldest = 18;

if (Number(process.versions.node.split(".")[0]) < oldest) {
  process.stderr.write(`sremote-endpoint: node ${process.versions.node} is too old, ${oldest} or later is needed\n`);
  process.exit(96);
}
