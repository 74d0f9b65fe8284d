// Vitest reporter of scripts/test.mjs: counts, failures and why tests were skipped (which Vitest's own JSON leaves
// out), as one JSON object in the file that LASTGOOD_TEST_REPORT names.
import { writeFileSync } from 'node:fs';

export default class SectionReporter {
  onTestRunEnd(testModules, unhandledErrors) {
    const report = { passed: 0, failures: [], skipped: [] };
    const fail = (name, errors) => {
      report.failures.push({ name, message: errors.map((error) => error.stack ?? error.message).join('\n') });
    };
    for (const testModule of testModules) {
      // A file that does not load, or a hook that throws, fails without any test failing.
      const broken = [...testModule.children.allSuites()].flatMap((suite) => suite.errors());
      const errors = [...testModule.errors(), ...broken];
      if (errors.length > 0) fail(testModule.relativeModuleId, errors);
      for (const test of testModule.children.allTests()) {
        const name = `${testModule.relativeModuleId} > ${test.fullName}`;
        const result = test.result();
        if (result.state === 'passed') report.passed += 1;
        else if (result.state === 'skipped' && errors.length === 0) {
          report.skipped.push({ name, reason: result.note ?? 'no reason given' });
        } else fail(name, result.errors ?? [{ message: 'did not run' }]);
      }
    }
    if (unhandledErrors.length > 0) fail('outside of any test', unhandledErrors);
    writeFileSync(process.env.LASTGOOD_TEST_REPORT, JSON.stringify(report));
  }
}
