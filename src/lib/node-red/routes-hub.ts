import type { ErrorRequestHandler, RequestHandler } from 'express';
import type { NodeAPI } from 'node-red';
import { systemClock } from '../clock.ts';
import { Refusal } from '../hub/answer.ts';
import { HubDoor } from '../hub/hub-door.ts';
import { badJson, tooLarge } from '../hub/request.ts';
import { Problem } from '../problem.ts';
import type { AdminRuntime } from './admin-route.ts';

/** Every version, so that a client of another one is told so. */
const HUB_PATHS = /^\/lastgood\/v\d/;

/**
 * The way in to the hubs of this Node-RED, under `lastgood/v1/` beside the editor. Not under `httpNode`, where the Home
 * Assistant app (add-on) lets everybody in. These routes ask for no login of Node-RED's: the hub's token is what lets in,
 * so that a client in the house never holds a login that can edit flows.
 */
export function registerHubRoutes(runtime: AdminRuntime & Pick<NodeAPI, 'events'>): HubDoor {
  const { httpAdmin, log, events } = runtime;
  const door = new HubDoor({
    clock: systemClock,
    report: (error) => log.error(`lastgood: hub: ${error instanceof Error ? error.message : String(error)}`),
  });
  events.once('flows:started', () => door.begin());
  const open: RequestHandler = (request, response, next) => {
    if (!door.handle(request, response)) next();
  };
  // Node-RED has read the body before anybody asked us, and could not.
  const unreadable: ErrorRequestHandler = (error: unknown, request, response, next) => {
    if (!HUB_PATHS.test(request.url) || !door.handle(request, response, whyUnreadable(error))) next(error);
  };
  httpAdmin.all(HUB_PATHS, open);
  httpAdmin.use(unreadable);
  return door;
}

/**
 * Makes sure that somebody could come in.
 * @throws Problem `no-admin-http`
 */
export function assertHttpServed({ settings }: Pick<NodeAPI, 'settings'>): void {
  const { httpAdminRoot } = settings as { httpAdminRoot?: string | false };
  if (httpAdminRoot === false) throw new Problem('no-admin-http');
}

/** By the status that body-parser gives its errors. */
function whyUnreadable(error: unknown): Refusal {
  switch ((error as { status?: number }).status) {
    case 413:
      return tooLarge();
    case 415:
      return new Refusal('wrong-content-type', 'The body is encoded in a way that is not known here.');
    default:
      return badJson();
  }
}
