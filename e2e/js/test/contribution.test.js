// The floating-point Algorithm 1, on graphs that can be solved by hand.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { contribution } from '../src/contribution.js';

const close = (actual, expected) =>
  actual.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-9, `${actual}`));

test('one edge moves its share', () => {
  const rows = [
    { own: 0.75, edges: [{ target: 1, share: 0.25 }] },
    { own: 1, edges: [] },
  ];
  close(contribution([100, 60], rows), [75, 85]);
});

test('a chain passes its mass on', () => {
  const rows = [
    { own: 0.5, edges: [{ target: 1, share: 0.5 }] },
    { own: 0.5, edges: [{ target: 2, share: 0.5 }] },
    { own: 1, edges: [] },
  ];
  close(contribution([8, 0, 0], rows), [4, 2, 2]);
});

test('a cycle is a geometric series', () => {
  // Mass 1 starts at the first, which keeps 1/2 of 1 + 1/4 + 1/16 + … = 4/3.
  const rows = [
    { own: 0.5, edges: [{ target: 1, share: 0.5 }] },
    { own: 0.5, edges: [{ target: 0, share: 0.5 }] },
  ];
  close(contribution([1, 0], rows), [2 / 3, 1 / 3]);
});
