/* Hints of the library name its functions and options; here is what to type instead. */

const replacements: readonly (readonly [library: RegExp, command: string])[] = [
  [
    /installing the OpenSSH client, or use ssh\(\), which needs none|install the OpenSSH client, or use ssh\(\), which needs none/,
    "install the OpenSSH client, or leave out --openssh",
  ],
  [/reach a Linux or macOS host with ssh\(\)/, "name a Linux or macOS host"],
  [/passwords need ssh\(\)/, "for a password leave out --openssh"],
  [/^ssh\(\) knows (.*); openssh\(\) drives/, "without --openssh it knows $1; --openssh drives"],
  [/use openssh\(\) for this host, which drives/, "add --openssh, which drives"],
  [/openssh\(\)/g, "--openssh"],
  [/name (.*) with client\.setSremoteDir\(path\)/, "name $1 with --sremote-dir"],
  [/new RemoteClient\(connector, \{ python: .* \}\)/, "--python PATH"],
  [/new RemoteClient\(connector, \{ node: .* \}\)/, "--node-path PATH"],
  [/call client\.bootstrapInstall\(\) once, or leave autoInstall on/, "`sremote bootstrap HOST` installs it"],
  [
    /install(?: it| the expected version of it)? with installPackages\(\)(?: or installGitModule\(\))?/,
    "`sremote install HOST PACKAGE` installs it",
  ],
  [/ship it with ship\(\), or set cwd to the/, "add --ship PATH, or name with --cwd the"],
  [/set cwd to the/g, "name with --cwd the"],
  [/repeat the call with \{ id: "(.*)" \} later/, "repeat the command with --id $1 later"],
  [/an id of its own: it then travels/, "an id of its own (--id): it then travels"],
  [/or pass sshConfig: false to do without it/, "or add -F none to do without it"],
  [/give host, port, username and privateKeyPath as options and sshConfig: false/, "write user@host:port and give -i and -F none"],
  [/give its passphrase as options\.passphrase, or add the key/, "run it at a terminal, which asks for the passphrase, or add the key"],
  [/call without loginEnv, or/, "leave out --login-env, or"],
  [
    /name a file \(knownHosts, or UserKnownHostsFile of ssh_config\), or pass hostKey: \{ fingerprint: "(.*)" \}/,
    "name a file (UserKnownHostsFile of ssh_config), or add --host-key $1",
  ],
  [/add it with ssh-keyscan, or pass hostKey: "accept-new"/, "add it with ssh-keyscan, or add --host-key accept-new"],
];

/** The hint in terms of commands and their options. */
export function commandHint(hint: string, host: string): string {
  let text = hint;
  for (const [library, command] of replacements) text = text.replace(library, command);
  return text.replaceAll("HOST", host);
}
