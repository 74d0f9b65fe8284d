import type { Node, NodeAPI, NodeDef } from 'node-red';
import { systemClock } from '../../lib/clock.ts';
import { householdOf } from '../../lib/node-red/household.ts';
import type { RepositoryNode } from '../../lib/node-red/repository-node.ts';
import { readRepositorySettings } from '../../lib/node-red/repository-settings.ts';
import { registerRepositoryRoutes } from '../../lib/node-red/routes-repository.ts';
import { ResticRepository } from '../../lib/restic/repository.ts';
import type { RepositoryCredentials, RepositoryDefinition } from './definition.ts';

/** The config node while it is being made. */
type NewRepositoryNode = {
  -readonly [property in keyof RepositoryNode]: RepositoryNode[property];
} & { credentials: RepositoryCredentials };

/** Registers `restic-repository` and the admin routes of its dialog. */
export default function register(red: NodeAPI): void {
  const household = householdOf(red);
  const hostFor = (warn: (text: string) => void): ConstructorParameters<typeof ResticRepository>[1] => ({
    env: process.env,
    dataFolder: household.cacheFolder,
    language: household.language,
    clock: systemClock,
    logger: { warn },
  });

  function createRepository(this: NewRepositoryNode, definition: RepositoryDefinition & NodeDef): void {
    red.nodes.createNode(this, definition);
    const read = readRepositorySettings(this.id, definition, this.credentials);
    this.problem = 'problem' in read ? read.problem.in(household.language) : undefined;
    // Not enumerable: whoever prints or clones a node must not get its secrets.
    Object.defineProperty(this, 'restic', {
      value:
        'settings' in read
          ? new ResticRepository(
              read.settings,
              hostFor((text) => this.warn(text)),
            )
          : undefined,
    });
    if (this.problem !== undefined) this.error(this.problem.message);
  }

  // Node-RED's types know credentials only as fields of unknown type.
  red.nodes.registerType('restic-repository', createRepository as (this: Node, definition: NodeDef) => void, {
    credentials: { password: { type: 'password' }, environment: { type: 'password' } },
  });
  registerRepositoryRoutes(
    red,
    hostFor((text) => red.log.warn(text)),
  );
}
