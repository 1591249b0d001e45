import { expect, test } from "vitest";
import { belowHomeDirectory, canShareConnection, defaultAgent, systemFile } from "./client-platform.ts";

const windows = { platform: "win32", env: { ProgramData: "D:\\Program Data" } } as const;
const linux = { platform: "linux", env: {} } as const;

test("the agent is the one of SSH_AUTH_SOCK, else on Windows the service's pipe", () => {
  expect(defaultAgent(windows)).toBe("\\\\.\\pipe\\openssh-ssh-agent");
  expect(defaultAgent({ ...windows, env: { SSH_AUTH_SOCK: "pageant" } })).toBe("pageant");
  expect(defaultAgent(linux)).toBeUndefined();
  expect(defaultAgent({ ...linux, env: { SSH_AUTH_SOCK: "/run/agent" } })).toBe("/run/agent");
  expect(defaultAgent({ ...linux, env: { SSH_AUTH_SOCK: "" } })).toBeUndefined();
});

test("the system's known_hosts lies below ProgramData on Windows, whatever its path holds", () => {
  expect(systemFile("ssh_known_hosts", windows)).toBe("D:\\Program Data\\ssh\\ssh_known_hosts");
  expect(systemFile("ssh_known_hosts", { ...windows, env: {} })).toBe("C:\\ProgramData\\ssh\\ssh_known_hosts");
  expect(systemFile("ssh_known_hosts", linux)).toBe("/etc/ssh/ssh_known_hosts");
});

test("a connection of the system's ssh is shared but on Windows", () => {
  expect(canShareConnection(windows)).toBe(false);
  expect(canShareConnection(linux)).toBe(true);
});

test("~ is the home directory, with spaces and either slash on Windows", () => {
  const home = "C:\\Users\\Jo Doe";
  expect(belowHomeDirectory("~\\.ssh\\id_ed25519", home, windows)).toBe("C:\\Users\\Jo Doe\\.ssh\\id_ed25519");
  expect(belowHomeDirectory("~/.ssh/id_ed25519", home, windows)).toBe("C:\\Users\\Jo Doe/.ssh/id_ed25519");
  expect(belowHomeDirectory("~\\x", "/home/jo", linux)).toBe("~\\x");
  expect(belowHomeDirectory("~", "/home/jo", linux)).toBe("/home/jo");
  expect(belowHomeDirectory("~jo/x", "/home/jo", linux)).toBe("~jo/x");
});
