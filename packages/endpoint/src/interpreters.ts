/* Where interpreters are looked for on a host, the likeliest place first: by calls, by the probe and by transfers alike. */

/** Words for `sh`, to be used unquoted in a `for`. */
export const pythonWords: string =
  "python3 python3.14 python3.13 python3.12 python3.11 python3.10 python3.9 python3.8 python3.7 python3.6 " +
  "/usr/bin/python3 /usr/local/bin/python3 /opt/homebrew/bin/python3 python";
/** As {@link pythonWords}; version managers keep theirs outside PATH of a shell that is not interactive. */
export const nodeWords: string =
  "node nodejs /usr/local/bin/node /usr/bin/node /opt/homebrew/bin/node " +
  '"$HOME/.local/bin/node" "$HOME"/.nvm/versions/node/*/bin/node "$HOME"/.volta/bin/node';
