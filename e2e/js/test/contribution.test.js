// The floating-point Algorithm 1 that the chain's payouts are compared with, on graphs that can be
// solved by hand.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { contribution } from '../src/contribution.js';

const close = (actual, expected) =>
  actual.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-9, `${actual}`));

test('one edge moves its share', () => {
  close(contribution([100, 60], [{ own: 0.75, edges: [[1, 0.25]] }, { own: 1, edges: [] }]), [75, 85]);
});

test('a chain passes on what it received', () => {
  const rows = [
    { own: 0.5, edges: [[1, 0.5]] },
    { own: 0.5, edges: [[2, 0.5]] },
    { own: 1, edges: [] },
  ];
  close(contribution([8, 0, 0], rows), [4, 2, 2]);
});

test('a cycle is a geometric series', () => {
  // Mass 1 at the first: it keeps 1/2 of 1 + 1/4 + 1/16 + … = 4/3.
  const rows = [
    { own: 0.5, edges: [[1, 0.5]] },
    { own: 0.5, edges: [[0, 0.5]] },
  ];
  close(contribution([1, 0], rows), [2 / 3, 1 / 3]);
});
