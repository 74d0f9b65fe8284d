import { textsOf } from '../../editor/red.ts';
import type { CheckSpec } from '../../lib/checks/check.ts';
import type { CheckList } from './check-list.editor.ts';

const text = textsOf('precondition-check');

/** Checks that suit where people back up to; what only they know is left open. */
const STARTERS: readonly {
  readonly name: string;
  readonly icon: string;
  readonly checks: readonly CheckSpec[];
}[] = [
  {
    name: 'usb',
    icon: 'fa-usb',
    checks: [
      { kind: 'mount', path: '' },
      { kind: 'marker', path: '' },
      { kind: 'space', path: '', freeBytes: '5 GB' },
    ],
  },
  {
    name: 'nas',
    icon: 'fa-moon-o',
    checks: [
      { kind: 'wake', mac: '', host: '', port: 445 },
      { kind: 'mount', path: '' },
    ],
  },
  {
    name: 'server',
    icon: 'fa-server',
    checks: [{ kind: 'port', host: '', port: 8000 }, { kind: 'answers' }],
  },
  {
    name: 'folder',
    icon: 'fa-folder-open-o',
    checks: [
      { kind: 'writable', path: '' },
      { kind: 'space', path: '', freeBytes: '5 GB' },
    ],
  },
];

/** The first path that is typed fills the other paths of a starter, which lie on the same drive. */
function fillOtherPaths(first: JQuery, others: JQuery): void {
  first.one('change', () => {
    const path = String(first.val()).trim().replace(/\/+$/, '');
    others.each((_index, other) => {
      if (String($(other).val()) !== '' || path === '') return;
      const kind = $(other).closest('.lastgood-check').find('[data-field="kind"]').val();
      $(other)
        .val(kind === 'marker' ? `${path}/${text('markerName')}` : path)
        .trigger('change');
    });
  });
}

/** Puts a button for each starter into a place of the dialog. */
export function starters(place: string, list: CheckList): void {
  for (const { name, icon, checks } of STARTERS) {
    const button = $('<button type="button" class="red-ui-button">')
      .attr('data-starter', name)
      .append($('<i>').addClass(`fa ${icon}`), $('<span>').text(` ${text(`starter.${name}`)}`))
      .appendTo(place);
    button.on('click', () => {
      list.add(checks);
      $('#node-input-inOrder').prop('checked', true).trigger('change');
      const inputs = $('#lastgood-checks input[data-field]');
      const paths = inputs.filter('[data-field="path"]');
      fillOtherPaths(paths.first(), paths.slice(1));
      inputs
        .filter((_index, input) => $(input).val() === '' && $(input).is(':visible'))
        .first()
        .trigger('focus');
    });
  }
}
