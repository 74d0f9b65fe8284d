/// <reference types="jquery" />

import { leaveEmptyCredentialAlone } from '../../editor/empty-credential.ts';
import { fillMissingProperties, wasCompleted } from '../../editor/missing-properties.ts';
import type { PathList } from '../../editor/path-list.ts';
import { pathList } from '../../editor/path-list.ts';
import { deviceFields, WATTS } from '../../editor/plan-device.ts';
import { newPlanKey } from '../../editor/plan-key.ts';
import { retentionFields } from '../../editor/plan-retention.ts';
import { scheduleFields, showServerZone } from '../../editor/plan-schedule.ts';
import { sourceFields } from '../../editor/plan-source.ts';
import {
  cronAnswer,
  dialogOpened,
  intervalAnswer,
  keyAnswer,
  keyTwin,
  optionalDurationAnswer,
  pathsAnswer,
  pathsComplaint,
  planName,
  repositoryAnswer,
  retentionAnswer,
  shrinkAnswer,
  sizeAnswer,
  sourceCommandAnswer,
  sourceNameAnswer,
  sourceUrlAnswer,
  tagsAnswer,
  tagsComplaint,
  timeZoneAnswer,
  wattsAnswer,
} from '../../editor/plan-validation.ts';
import type { EditedNode } from '../../editor/red.ts';
import { textsOf } from '../../editor/red.ts';
import { sections } from '../../editor/sections.ts';
import { getJson, postJson, sentence } from '../../editor/server.ts';
import { storeNumbers } from '../../editor/stored-numbers.ts';
import { useSharedStyle } from '../../editor/style.ts';
import { showVerdict } from '../../editor/verdict.ts';
import type { Retention } from '../../lib/restic/retention.ts';
import { SHRINK_LIMIT } from '../../lib/restic/shrink.ts';
import type { PlanDefinition } from './definition.ts';

const text = textsOf('backup-plan');

/** What an open dialog holds that is no plain input. */
interface Lists {
  readonly paths: PathList;
  readonly excludes: PathList;
  readonly tags: PathList;
  readonly command: () => string[];
  readonly retention: () => Retention;
}
let lists: Lists | undefined;

function takenKeys(plan: EditedNode<PlanDefinition>): Set<string> {
  const taken = new Set<string>();
  RED.nodes.eachNode((other) => {
    if (other.type === 'backup-plan' && other.id !== plan.id) taken.add(String(other['key']));
  });
  return taken;
}

function keyField(plan: EditedNode<PlanDefinition>): void {
  const input = $('#node-input-key');
  const name = $('#node-input-name');
  const button = $('#backup-plan-new-key');
  const show = (): void => {
    const twin = keyTwin(plan, String(input.val()));
    button.toggle(twin !== undefined);
    showVerdict(
      '#backup-plan-key-problem',
      twin && {
        kind: 'bad',
        text: text('error.keyTwin', { name: planName(twin) }),
        details: [text('hint.newKey')],
      },
    );
  };
  const renew = (): void => {
    input.val(newPlanKey(String(name.val()), takenKeys(plan))).trigger('change');
    show();
  };
  // Until the first save the key follows the name; afterwards it stays, because snapshots carry it.
  if (plan.key === '') {
    name.on('input', renew);
    renew();
  }
  button.on('click', renew);
  show();
}

async function askServer(plan: EditedNode<PlanDefinition>): Promise<void> {
  const server = await getJson<{ host: string; timeZone: string }>('lastgood/host');
  showServerZone(server.timeZone);
  const input = $('#node-input-host');
  if (plan.host === '' && input.val() === '') input.val(server.host).trigger('change');
}

/** Other plans may have shared a key with this one: their red triangles follow. */
function revalidatePlans(): void {
  RED.nodes.eachNode((node) => {
    if (node.type === 'backup-plan') RED.editor.validateNode(node);
  });
  RED.view.redraw();
}

async function runNow(plan: EditedNode<PlanDefinition>): Promise<void> {
  try {
    const { accepted, answer } = await postJson<{ accepted: boolean; answer: string }>(
      `lastgood/plans/${plan.id}/run`,
    );
    RED.notify($('<span>').text(answer), { type: accepted ? 'success' : 'warning' });
  } catch (error) {
    RED.notify($('<span>').text(sentence(error)), { type: 'error' });
  }
}

RED.nodes.registerType<PlanDefinition>('backup-plan', {
  category: 'backup',
  color: '#8EBDB5',
  icon: 'lastgood-plan.svg',
  defaults: {
    name: { value: '' },
    key: {
      value: '',
      validate(value, _options) {
        return keyAnswer(this, value);
      },
    },
    repository: {
      value: '',
      type: 'restic-repository',
      validate(value, _options) {
        return repositoryAnswer(value);
      },
    },
    source: { value: 'folders' },
    sourceCommand: {
      value: [],
      validate(value, _options) {
        return sourceCommandAnswer(this, value);
      },
    },
    sourceUrl: {
      value: '',
      validate(value, _options) {
        return sourceUrlAnswer(this, value);
      },
    },
    sourceName: {
      value: '',
      validate(value, _options) {
        return sourceNameAnswer(this, value);
      },
    },
    paths: {
      value: [],
      validate(value, _options) {
        return pathsAnswer(this, value);
      },
    },
    excludes: { value: [] },
    excludeFile: { value: '' },
    excludeCaches: { value: false },
    excludeLargerThan: {
      value: '',
      validate(value, _options) {
        return sizeAnswer(value);
      },
    },
    oneFileSystem: { value: false },
    tags: {
      value: [],
      validate(value, _options) {
        return tagsAnswer(value);
      },
    },
    host: { value: '' },
    retention: {
      value: {},
      validate(value, _options) {
        return retentionAnswer(value);
      },
    },
    situation: { value: 'always-there' },
    scheduleKind: { value: 'cron' },
    cron: {
      value: '30 2 * * *',
      validate(value, _options) {
        return cronAnswer(this, value);
      },
    },
    timeZone: {
      value: '',
      validate(value, _options) {
        return timeZoneAnswer(value);
      },
    },
    interval: {
      value: '24h',
      validate(value, _options) {
        return intervalAnswer(this, value);
      },
    },
    minimumGap: {
      value: '1h',
      validate(value, _options) {
        return optionalDurationAnswer(value, 'minimumGap');
      },
    },
    jitter: {
      value: '10m',
      validate(value, _options) {
        return optionalDurationAnswer(value, 'jitter');
      },
    },
    catchUp: { value: true },
    startPaused: { value: false },
    deviceStarts: { value: 'when-owed' },
    settle: {
      value: '10s',
      validate(value, _options) {
        return optionalDurationAnswer(value, 'settle');
      },
    },
    wattsOn: {
      value: WATTS.wattsOn,
      validate(value, _options) {
        return wattsAnswer(this, value, 'wattsOn');
      },
    },
    wattsOnFor: {
      value: WATTS.wattsOnFor,
      validate(value, _options) {
        return optionalDurationAnswer(value, 'wattsOnFor');
      },
    },
    wattsOff: {
      value: WATTS.wattsOff,
      validate(value, _options) {
        return wattsAnswer(this, value, 'wattsOff');
      },
    },
    wattsOffFor: {
      value: WATTS.wattsOffFor,
      validate(value, _options) {
        return optionalDurationAnswer(value, 'wattsOffFor');
      },
    },
    device: { value: '' },
    powerWords: { value: 'true-false' },
    powerUpWithin: {
      value: '3m',
      validate(value, _options) {
        return optionalDurationAnswer(value, 'powerUpWithin');
      },
    },
    powerOffAfter: {
      value: '10s',
      validate(value, _options) {
        return optionalDurationAnswer(value, 'powerOffAfter');
      },
    },
    powerOffMounted: { value: false },
    latenessPerDrive: { value: false },
    unreadableAccepted: { value: false },
    shrinkLimit: {
      value: SHRINK_LIMIT,
      validate(value, _options) {
        return shrinkAnswer(value);
      },
    },
  },
  credentials: { sourceHeaders: { type: 'password' } },
  inputs: 1,
  outputs: 3,
  inputLabels: () => text('port.input'),
  outputLabels: (port) => text(`port.output${port + 1}`),
  paletteLabel: () => text('paletteLabel'),
  label() {
    return this.name || text('paletteLabel');
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  button: {
    enabled() {
      return !this.changed && RED.user.hasPermission('lastgood.write');
    },
    onclick() {
      if (this.changed) {
        RED.notify(text('notify.deployFirst'), { type: 'warning' });
        return;
      }
      void runNow(this);
    },
  },
  oneditprepare() {
    useSharedStyle();
    fillMissingProperties(this);
    dialogOpened(this.id);
    const show = sections('#backup-plan-sections', [
      { id: 'backup-plan-what', label: text('tab.what') },
      { id: 'backup-plan-when', label: text('tab.when') },
      { id: 'backup-plan-device', label: text('tab.device') },
      { id: 'backup-plan-keep', label: text('tab.keep') },
    ]);
    lists = {
      paths: pathList('#backup-plan-paths', {
        texts: this.paths,
        placeholder: '/home',
        rows: 4,
        problem: pathsComplaint,
      }),
      excludes: pathList('#backup-plan-excludes', { texts: this.excludes, placeholder: '*.tmp', rows: 4 }),
      tags: pathList('#backup-plan-tags', {
        texts: this.tags,
        placeholder: text('placeholder.tag'),
        problem: tagsComplaint,
      }),
      command: sourceFields(this),
      retention: retentionFields(this.retention),
    };
    scheduleFields(this.situation);
    deviceFields(this);
    keyField(this);
    askServer(this).catch(() => undefined);
    show('backup-plan-what');
  },
  oneditsave() {
    if (lists === undefined) return false;
    this.paths = lists.paths.texts();
    this.excludes = lists.excludes.texts();
    this.tags = lists.tags.texts();
    this.sourceCommand = lists.command();
    this.retention = lists.retention();
    storeNumbers(this, ['wattsOn', 'wattsOff', 'shrinkLimit']);
    leaveEmptyCredentialAlone(this, 'sourceHeaders');
    dialogOpened(undefined);
    setTimeout(revalidatePlans);
    return wasCompleted(this);
  },
  oneditcancel() {
    dialogOpened(undefined);
  },
});
