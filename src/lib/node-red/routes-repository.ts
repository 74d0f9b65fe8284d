import type { RequestHandler } from 'express';
import type { NodeAPI } from 'node-red';
import { iso } from '../clock.ts';
import type { Language } from '../language.ts';
import { translate } from '../language.ts';
import type { PlaceWarning } from '../restic/create.ts';
import type { Diagnosis } from '../restic/diagnose.ts';
import type { RecoveryPlan } from '../restic/recovery.ts';
import type { RepositoryHost } from '../restic/repository.ts';
import { ResticRepository } from '../restic/repository.ts';
import type { AdminRuntime } from './admin-route.ts';
import { bodyOf, jsonRoute, RouteError } from './admin-route.ts';
import { repositoryDraft, storedCredentials, textIn, textsIn } from './repository-draft.ts';
import { readEnvironment } from './repository-settings.ts';

/** The part of Node-RED that the routes of repositories need. */
export type RepositoryRuntime = AdminRuntime & Pick<NodeAPI, 'nodes' | 'util'>;

/** Answer of `inspect-place`. */
export interface PlaceInspection {
  readonly warnings: readonly PlaceWarning[];
  /** For a person who has none yet. */
  readonly proposedPassword: string;
}

const MOST_PLANS = 200;

/** The plans that the editor says use the repository, for the recovery sheet. */
function plansIn(value: unknown): RecoveryPlan[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, MOST_PLANS).map((plan: unknown) => {
    const { name, key, host, paths } = { name: '', key: '', host: '', paths: [], ...Object(plan) };
    return { name: textIn(name), key: textIn(key), host: textIn(host), paths: textsIn(paths) };
  });
}

/**
 * The admin routes of `restic-repository`. All take what the dialog holds, deployed or not, as JSON
 * (`repositoryDraft`), and speak the language of the dialog:
 * `POST lastgood/repositories/test` answers a `Diagnosis`;
 * `POST lastgood/repositories/inspect-place` (`dataPaths`) a {@link PlaceInspection};
 * `POST lastgood/repositories/create` (`repeated`: the password as typed back) `{sentence}`, or 400 with why not;
 * `POST lastgood/repositories/recovery-sheet` (`plans`, `withSecrets`) `{html}`;
 * `GET lastgood/repositories/:id/environment` `{names}` of the stored variables.
 *
 * A draft names programs to start, so that its sender must be allowed to deploy flows as well.
 */
export function registerRepositoryRoutes(red: RepositoryRuntime, host: RepositoryHost): void {
  const { httpAdmin, auth } = red;
  const mayDraft: RequestHandler[] = [
    auth.needsPermission('lastgood.write'),
    auth.needsPermission('flows.write'),
  ];
  const repositoryOf = (body: Record<string, unknown>, language: Language): ResticRepository =>
    new ResticRepository(repositoryDraft(red, body), { ...host, language });

  httpAdmin.post(
    '/lastgood/repositories/test',
    ...mayDraft,
    jsonRoute(red, async (request, language): Promise<Diagnosis> => {
      // Loaded when a dialog asks for the first time, here and below: Node-RED's start is not the time for it.
      const { diagnose } = await import('../restic/diagnose.ts');
      return diagnose(repositoryOf(bodyOf(request), language));
    }),
  );
  httpAdmin.post(
    '/lastgood/repositories/inspect-place',
    ...mayDraft,
    jsonRoute(red, async (request, language): Promise<PlaceInspection> => {
      const { inspectNewPlace, proposePassword } = await import('../restic/create.ts');
      const body = bodyOf(request);
      const { url } = repositoryDraft(red, body);
      const warnings = await inspectNewPlace(url, textsIn(body['dataPaths']), language);
      return { warnings, proposedPassword: proposePassword() };
    }),
  );
  httpAdmin.post(
    '/lastgood/repositories/create',
    ...mayDraft,
    jsonRoute(red, async (request, language) => {
      const body = bodyOf(request);
      const repository = repositoryOf(body, language);
      const { password } = repository.settings.secrets;
      if (password !== undefined && body['repeated'] !== password) {
        throw new RouteError(400, translate(language, 'routes:password-differs'));
      }
      const { runOperation } = await import('../restic/operations.ts');
      const made = await runOperation(repository, { kind: 'init' });
      if (made.kind !== 'done') {
        throw new RouteError(400, made.failure?.reason ?? translate(language, 'routes:not-created'));
      }
      return { sentence: translate(language, 'routes:created') };
    }),
  );
  httpAdmin.post(
    '/lastgood/repositories/recovery-sheet',
    ...mayDraft,
    jsonRoute(red, async (request, language) => {
      const body = bodyOf(request);
      const repository = repositoryOf(body, language);
      const binary = await repository.binary().catch(() => undefined);
      const sheet = {
        repository: repository.settings,
        plans: plansIn(body['plans']),
        resticVersion: binary?.version,
        createdAt: iso(host.clock.now()),
        withSecrets: body['withSecrets'] === true,
      };
      const { recoveryPage } = await import('../restic/recovery.ts');
      return { html: recoveryPage(sheet, language) };
    }),
  );
  httpAdmin.get(
    '/lastgood/repositories/:id/environment',
    auth.needsPermission('lastgood.read'),
    jsonRoute(red, ({ params }) => {
      const { environment = '' } = storedCredentials(red, String(params['id']));
      return { names: Object.keys(readEnvironment(environment)) };
    }),
  );
}
