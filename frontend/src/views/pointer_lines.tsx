/** On every plot: the step under the pointer, the chosen step, and the steps that are being marked. */
import {useSignalEffect} from '@preact/signals';
import type {RefObject} from 'preact';
import {useRef} from 'preact/hooks';
import {stepToX} from '../lib/range';
import type {State} from '../state';

/** They are moved, not rendered: a pointer moves at every frame, and nothing else changes with it. */
export function PointerLines({state}: {state: State}) {
  const cursor = useRef<HTMLElement>(null);
  const chosen = useRef<HTMLElement>(null);
  const selection = useRef<HTMLElement>(null);
  useSignalEffect(() => {
    place(cursor, xOf(state, state.cursor.value));
  });
  useSignalEffect(() => {
    place(chosen, xOf(state, state.plots.step.value));
  });
  useSignalEffect(() => {
    const marked = state.selection.value;
    const from = xOf(state, marked && marked.from - 0.5);
    const to = xOf(state, marked && marked.to + 0.5);
    place(selection, from);
    if (selection.current) selection.current.style.width = `${(to ?? 0) - (from ?? 0)}px`;
  });
  return (
    <>
      <i class="step-line" ref={chosen} />
      <i class="cursor-line" ref={cursor} />
      <i class="selection" ref={selection} />
    </>
  );
}

/** Out of sight, on the left. */
const AWAY = -20;

function xOf(state: State, step: number | null): number | null {
  const {value: view} = state.view;
  return step === null || !view ? null : stepToX(step, view, state.plotWidth.value);
}

function place({current}: RefObject<HTMLElement | null>, x: number | null): void {
  if (current) current.style.transform = `translateX(${x ?? AWAY}px)`;
}
