/// <reference types="jquery" />
import type { PathList } from './path-list.ts';

/** A plan that keeps its snapshots in a repository, as the editor holds it, deployed or not. */
export interface PlanOfRepository {
  readonly name: string;
  readonly key: string;
  readonly host: string;
  readonly paths: readonly string[];
}

function value(name: string): string {
  return String($(`#node-config-input-${name}`).val() ?? '');
}

function textOf(stored: unknown): string {
  return typeof stored === 'string' ? stored : '';
}

/** What an open `restic-repository` dialog holds, for the server to try before anything is saved. */
export function draftOf(nodeId: string, options: PathList): Record<string, unknown> {
  return {
    id: nodeId,
    name: value('name'),
    url: value('url'),
    passwordSource: value('passwordSource'),
    passwordFile: value('passwordFile'),
    passwordCommand: value('passwordCommand'),
    password: value('password'),
    environment: value('environment'),
    binary: value('binary'),
    cacheFolder: value('cacheFolder'),
    uploadLimit: String($('#restic-repository-uploadLimit').val()),
    downloadLimit: String($('#restic-repository-downloadLimit').val()),
    options: options.texts(),
    retryLock: value('retryLock'),
  };
}

/** The plans of the editor that name this repository. */
export function plansOf(repositoryId: string): PlanOfRepository[] {
  const plans: PlanOfRepository[] = [];
  RED.nodes.eachNode((node) => {
    if (node.type !== 'backup-plan' || node['repository'] !== repositoryId) return;
    const { name, key, host, paths } = node;
    plans.push({
      name: textOf(name) || textOf(key),
      key: textOf(key),
      host: textOf(host),
      paths: Array.isArray(paths) ? paths.filter((path): path is string => typeof path === 'string') : [],
    });
  });
  return plans;
}
