export { compareNatural } from "./compare-natural.ts";
export { expand, type ExpandOptions } from "./expand.ts";
export { fold } from "./fold.ts";
export type { Groups, GroupsLike } from "./groups.ts";
export { groupsOf, loadGroups, parseGroups, toGroups } from "./groups-file.ts";
export { sshConfigHosts } from "./ssh-config-hosts.ts";
export { matchesWildcard } from "./wildcard.ts";
