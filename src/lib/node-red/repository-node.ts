import type { Node, NodeAPI } from 'node-red';
import { Problem } from '../problem.ts';
import type { ResticRepository } from '../restic/repository.ts';

/** The `restic-repository` config node as other nodes see it. */
export interface RepositoryNode extends Node {
  /** Undefined while the settings are wrong; `problem` then says why. */
  readonly restic: ResticRepository | undefined;
  readonly problem: Problem | undefined;
}

/**
 * The repository of a config node, for the node that is called `name`.
 * @throws Problem `no-repository`, or what is wrong with its settings
 */
export function repositoryOf(red: Pick<NodeAPI, 'nodes'>, id: string, name: string): ResticRepository {
  const node = red.nodes.getNode(id) as RepositoryNode | null;
  if (node?.problem !== undefined) throw node.problem;
  if (node?.restic === undefined) throw new Problem('no-repository', { name });
  return node.restic;
}
