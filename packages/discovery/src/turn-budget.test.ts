import { expect, test } from 'vitest';
import { TurnBudget } from './turn-budget.ts';

/** Ten workers that each do one step; gives how many steps each turn had. */
async function stepsPerTurn(budget: TurnBudget, step: () => void): Promise<number[]> {
  const turns = new Map<Promise<void>, number>();
  await Promise.all(
    Array.from({ length: 10 }, async () => {
      while (budget.isSpent) await budget.nextTurn;
      budget.use();
      step();
      turns.set(budget.nextTurn, (turns.get(budget.nextTurn) ?? 0) + 1);
    }),
  );
  return [...turns.values()];
}

test('TurnBudget spreads steps over turns by number', async () => {
  expect(await stepsPerTurn(new TurnBudget(1_000, 4), () => {})).toEqual([4, 4, 2]);
});

test('TurnBudget spreads steps over turns by time', async () => {
  let nowMs = 0;
  const budget = new TurnBudget(8, 100, () => nowMs);
  expect(await stepsPerTurn(budget, () => (nowMs += 4))).toEqual([2, 2, 2, 2, 2]);
});

test('TurnBudget lets a first step go at once', () => {
  expect(new TurnBudget(0, 0).isSpent).toBe(false);
});
