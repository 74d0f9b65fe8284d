import type { CheckReport } from '../checks/check.ts';
import type { Language } from '../language.ts';
import { translate } from '../language.ts';
import type { AdminRuntime } from './admin-route.ts';
import { bodyOf, jsonRoute, RouteError } from './admin-route.ts';

/** Answer of "Check now". */
export interface LookAnswer {
  readonly report: CheckReport;
  /** The node has checks that wake or mount what they look for, when they are let. */
  readonly acts: boolean;
}

/** What the routes of checks need from the runtime. */
export interface CheckRoutesHost {
  /** One look with the deployed node's checks; undefined when there is no such node. */
  look(
    checkNodeId: string,
    options: { readonly act: boolean; readonly language: Language },
  ): Promise<LookAnswer> | undefined;
}

/**
 * The admin route of `precondition-check`: `POST lastgood/checks/:id/look` (`act`: wake and mount too) answers a
 * {@link LookAnswer}, 404 when the node is not deployed. It moves no run. A second look while one is going on shares it.
 */
export function registerCheckRoutes(runtime: AdminRuntime, host: CheckRoutesHost): void {
  const { httpAdmin, auth } = runtime;
  const looks = new Map<string, Promise<LookAnswer>>();

  const look = async (id: string, act: boolean, language: Language): Promise<LookAnswer> => {
    const key = JSON.stringify([id, act, language]);
    const shared = looks.get(key);
    if (shared !== undefined) return shared;
    const begun = host.look(id, { act, language });
    if (begun === undefined) throw new RouteError(404, translate(language, 'routes:check-not-deployed'));
    looks.set(key, begun);
    try {
      return await begun;
    } finally {
      looks.delete(key);
    }
  };
  httpAdmin.post(
    '/lastgood/checks/:id/look',
    // A check may start a command.
    auth.needsPermission('lastgood.write'),
    jsonRoute(runtime, (request, language) =>
      look(String(request.params['id']), bodyOf(request)['act'] === true, language),
    ),
  );
}
