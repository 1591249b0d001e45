/* Login shells, and what start-up files of accounts do before a command. */
import { existsSync } from "node:fs";

/** In which language a start-up file is written. */
export type Dialect = "sh" | "csh" | "fish" | "none";

export interface LoginShell {
  readonly name: string;
  /** The program; its scripts are run by a wrapper where it reads no file before `-c`. */
  readonly path: string;
  readonly dialect: Dialect;
  /** Below the home directory. Default: the wrapper's own. */
  readonly file?: string;
  /** It takes no `exec`, with which our line begins, and goes on behind it. */
  readonly restricted?: true;
}

export const loginShells: readonly LoginShell[] = [
  { name: "bash", path: "/bin/bash", dialect: "sh", file: ".bashrc" },
  { name: "rbash", path: "/bin/rbash", dialect: "sh", file: ".bashrc", restricted: true },
  { name: "dash", path: "/bin/dash", dialect: "sh" },
  { name: "busybox ash", path: "/bin/busybox sh", dialect: "sh" },
  { name: "ksh93", path: "/usr/bin/ksh93", dialect: "sh" },
  { name: "mksh", path: "/usr/bin/mksh", dialect: "sh" },
  { name: "yash", path: "/usr/bin/yash", dialect: "sh" },
  { name: "zsh", path: "/usr/bin/zsh", dialect: "sh", file: ".zshenv" },
  { name: "tcsh", path: "/usr/bin/tcsh", dialect: "csh", file: ".tcshrc" },
  { name: "fish", path: "/usr/bin/fish", dialect: "fish", file: ".config/fish/config.fish" },
  { name: "git-shell", path: "/usr/bin/git-shell", dialect: "none" },
  { name: "nologin", path: "/usr/sbin/nologin", dialect: "none" },
  { name: "false", path: "/bin/false", dialect: "none" },
  { name: "python3", path: "/usr/bin/python3", dialect: "none" },
];

export interface StartUp {
  readonly name: string;
  readonly sh: string;
  /** Default: as sh. */
  readonly csh?: string;
  readonly fish?: string;
  /** It takes standard input before the command: what has input waits in vain, and says so. */
  readonly readsInput?: true;
  /** The first command that fails is the last: a restricted shell has none behind the `exec` that it refuses. */
  readonly endsAtErrors?: true;
}

export const startUps: readonly StartUp[] = [
  { name: "nothing", sh: "" },
  { name: "much output", sh: "head -c 300000 /dev/zero | tr '\\000' x" },
  { name: "output without a newline", sh: "printf 'Welcome! '" },
  { name: "binary output", sh: "printf '\\211SRM\\001\\377\\033[2J\\000'" },
  { name: "much output on stderr", sh: "head -c 300000 /dev/zero | tr '\\000' y >&2", csh: "sh -c 'head -c 300000 /dev/zero >&2'" },
  { name: "noclobber", sh: "set -C", csh: "set noclobber", fish: "" },
  { name: "set -e", sh: "set -e", csh: "", fish: "", endsAtErrors: true },
  { name: "set -u", sh: "set -u", csh: "", fish: "" },
  { name: "set -x", sh: "set -x", csh: "set echo", fish: "set fish_trace 1" },
  { name: "set -f", sh: "set -f", csh: "set noglob", fish: "" },
  { name: "an end", sh: "echo Maintenance tonight; exit 0" },
  { name: "an end with a status", sh: "echo Maintenance tonight >&2; exit 3", csh: "echo Maintenance; exit 3" },
  { name: "a question", sh: "read answer", csh: "set answer = $<", readsInput: true },
  { name: "all input read", sh: "cat > /dev/null", readsInput: true },
  { name: "another shell in its place", sh: "exec bash --norc" },
  { name: "another program in its place", sh: "exec python3 -i -" },
  {
    name: "aliases and functions of names that are used",
    sh: "alias printf='echo no' cat='echo no' exec='echo no' sh='echo no'; printf() { echo mine; }",
    csh: "alias cat 'echo no'; alias printf 'echo no'",
    fish: "function printf; echo mine; end; function cat; echo mine; end",
  },
  { name: "another directory", sh: "cd /usr" },
  { name: "few descriptors", sh: "ulimit -n 64", csh: "limit descriptors 64" },
  { name: "an empty PATH", sh: "PATH=", csh: "setenv PATH ''", fish: "set -gx PATH" },
  { name: "separators", sh: "IFS=/0s", csh: "", fish: "" },
  { name: "a trap", sh: "trap 'echo bye' EXIT", csh: "", fish: "function bye --on-event fish_exit; echo bye; end" },
  { name: "a second of sleep", sh: "sleep 1" },
  { name: "a background job that holds the output", sh: "sleep 2 &" },
  { name: "terminal modes", sh: "stty -echo; tput clear; stty sane" },
  { name: "an umask", sh: "umask 777", csh: "umask 777" },
];

/** Text of the start-up file of an account with that shell. */
export function startUpText(startUp: StartUp, { dialect }: LoginShell): string {
  if (dialect === "none") return "";
  return `${dialect === "sh" ? startUp.sh : (startUp[dialect] ?? startUp.sh)}\n`;
}

/** A program for /etc/passwd that runs a start-up file, then its argument, in a shell that reads no file by itself. */
export function wrapper({ path }: LoginShell): string {
  return `#!${path}\n. "$HOME/.startup"\n[ "$1" = -c ] && eval "$2"\n`;
}

export const presentShells = (): readonly LoginShell[] => loginShells.filter(({ path }) => existsSync(path.split(" ")[0]!));
