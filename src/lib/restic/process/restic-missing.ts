import type { Language } from '../../language.ts';
import { translate } from '../../language.ts';
import { Problem } from '../../problem.ts';

/** Problem `restic-missing`: its hint how to install restic is a text too, and speaks the language of the rest. */
export class ResticMissing extends Problem {
  readonly #wanted: string;
  readonly #system: string;

  /** `wanted`: what was configured, '' for nothing. `system`: a key of `failures:install`. */
  constructor(wanted: string, system: string, language: Language = 'en-US') {
    const place = wanted === '' ? translate(language, 'failures:anywhere') : wanted;
    super('restic-missing', { place, hint: translate(language, `failures:install.${system}`) }, { language });
    this.#wanted = wanted;
    this.#system = system;
  }

  override in(language: Language): ResticMissing {
    return new ResticMissing(this.#wanted, this.#system, language);
  }
}
