// Prints the one line that CI reads: how many tests passed, failed and were skipped.
import { readFileSync } from 'node:fs';

const { numPassedTests, numFailedTests, numPendingTests, numFailedTestSuites, numTotalTests } = JSON.parse(
  readFileSync(process.argv[2], 'utf8'),
);
// A test file that could not even be loaded has no failed test of its own.
const failed = Math.max(numFailedTests, numFailedTestSuites > 0 ? 1 : 0, numTotalTests === 0 ? 1 : 0);
const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : '';
console.log(`${numPassedTests} passed, ${failed} failed${skipped}`);
