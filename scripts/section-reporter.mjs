// Vitest reporter of scripts/suite.mjs: counts, failures and why tests were skipped (which Vitest's own JSON leaves out),
// one JSON object with an entry for each test file, in the file that LASTGOOD_TEST_REPORT names.
import { writeFileSync } from 'node:fs';

const messageOf = (errors) => errors.map((error) => error.stack ?? error.message).join('\n');

export default class SectionReporter {
  onTestRunEnd(testModules, unhandledErrors) {
    const files = testModules.map((testModule) => {
      const file = { path: testModule.relativeModuleId, passed: 0, failures: [], skipped: [] };
      // A file that does not load, or a hook that throws, fails without any test failing.
      const broken = [...testModule.children.allSuites()].flatMap((suite) => suite.errors());
      const errors = [...testModule.errors(), ...broken];
      if (errors.length > 0) file.failures.push({ name: file.path, message: messageOf(errors) });
      for (const test of testModule.children.allTests()) {
        const name = `${file.path} > ${test.fullName}`;
        const result = test.result();
        if (result.state === 'passed') file.passed += 1;
        else if (result.state === 'skipped' && errors.length === 0) {
          file.skipped.push({ name, reason: result.note ?? 'no reason given' });
        } else
          file.failures.push({ name, message: messageOf(result.errors ?? [{ message: 'did not run' }]) });
      }
      return file;
    });
    for (const error of unhandledErrors) {
      const file = files.find(({ path }) => String(error.VITEST_TEST_PATH ?? '').endsWith(`/${path}`));
      const name = `${file === undefined ? '' : `${file.path} > `}outside of any test`;
      const failure = { name, message: messageOf([error]) };
      if (file === undefined) files.push({ path: '', passed: 0, failures: [failure], skipped: [] });
      else file.failures.push(failure);
    }
    writeFileSync(process.env.LASTGOOD_TEST_REPORT, JSON.stringify(files));
  }
}
