import {cleanup, render, screen, within} from '@testing-library/preact';
import {afterEach, expect, test, vi} from 'vitest';
import type {Diagnosis} from '../src/types';
import {Diagnoses, Findings} from '../src/views/diagnoses';
import {FROZEN} from './reports';

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const RATE: Diagnosis = {
  ...FROZEN,
  cause: 'learning_rate_too_high',
  title: 'Learning rate too high',
  confidence: 'possible',
  layer: null,
};

test('the first cause is open, with evidence for and against it, and the code', () => {
  const onShow = vi.fn();
  render(<Diagnoses diagnoses={[FROZEN, RATE]} onShow={onShow} />);
  const [first, second] = within(screen.getByRole('region', {name: 'Causes'})).getAllByRole('group');
  expect((first as HTMLDetailsElement).open).toBe(true);
  expect((second as HTMLDetailsElement).open).toBe(false);
  expect(first?.textContent).toMatch(
    /certain.*BatchNormalization in inference mode.*from step 1,200 in bn_1/
  );
  const [pro, contra] = within(first as HTMLElement).getAllByRole('list');
  expect(pro?.textContent).toBe('the moving statistics stood stillthe layer is trainable');
  expect(contra?.textContent).toBe('the run was a fit');
  expect(within(first as HTMLElement).getByRole('region').textContent).toBe(
    'logits = model(x, training=True)'
  );
  screen.getByRole('button', {name: 'Show bn_1 at step 1,200'}).click();
  expect(onShow).toHaveBeenCalledExactlyOnceWith(FROZEN);
});

test('the code is copied, and where there is no clipboard the reader is told', async () => {
  const writeText = vi.fn<(text: string) => Promise<void>>().mockResolvedValueOnce(undefined);
  vi.stubGlobal('navigator', {clipboard: {writeText}});
  render(<Diagnoses diagnoses={[FROZEN]} onShow={vi.fn()} />);
  screen.getByRole('button', {name: 'Copy'}).click();
  expect(await screen.findByText('Copied')).toBeTruthy();
  expect(writeText).toHaveBeenCalledWith('logits = model(x, training=True)');
  writeText.mockRejectedValueOnce(new Error('denied'));
  screen.getByRole('button', {name: 'Copy'}).click();
  expect(await screen.findByText('Select the code and copy it')).toBeTruthy();
});

test('a run without causes and findings says nothing of them', () => {
  const {container} = render(
    <>
      <Diagnoses diagnoses={[]} onShow={vi.fn()} />
      <Findings findings={[]} />
    </>
  );
  expect(container.textContent).toBe('');
});
