/** The names beside the heatmap; with the arrow keys a way to select a layer. */
import {commonFolder, shorten} from '../lib/format';
import {placesAt, rowLayout, rowOf} from '../lib/heatmap';

/** A label needs this height in pixels. */
const LABEL_HEIGHT = 12;
/** Characters for a name, and with its note. */
const LABEL_LENGTH = 26;
const PAGE = 10;
/** Later ones are in the list of the window. */
const MAX_MARKS = 20;

interface LayerNamesProps {
  /** All, in network order. */
  layers: readonly string[];
  /** Those with a row, from top to bottom. */
  order: readonly number[];
  selected: string | null;
  /** What stands behind a name. */
  notes: ReadonlyMap<number, string>;
  /** The place of a layer among those that went bad, 1 for the first. */
  marks: ReadonlyMap<number, number>;
  onSelect: (layer: number) => void;
}

export function LayerNames({layers, order, selected, notes, marks, onSelect}: LayerNamesProps) {
  const {rows, rowHeight} = rowLayout(order.length);
  const every = Math.ceil(LABEL_HEIGHT / rowHeight);
  const place = order.findIndex((layer) => layers[layer] === selected);
  const selectedRow = place < 0 ? -1 : rowOf(place, order.length);
  const labelled = Array.from({length: rows}, (_, row) => row).filter(
    (row) =>
      row === selectedRow ||
      (row % every === 0 && Math.abs(row - selectedRow) >= (selectedRow < 0 ? 0 : every))
  );
  const folder = commonFolder(layers);

  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Record<string, number> = {
      ArrowDown: place + 1,
      ArrowUp: place - 1,
      PageDown: place + PAGE,
      PageUp: place - PAGE,
      Home: 0,
      End: order.length - 1,
    };
    const next = moves[event.key];
    const layer = next === undefined ? undefined : order[Math.min(order.length - 1, Math.max(0, next))];
    if (layer === undefined) return;
    event.preventDefault();
    onSelect(layer);
  };

  return (
    <div
      class={marks.size > 0 ? 'layer-names marked' : 'layer-names'}
      role="slider"
      tabIndex={0}
      aria-label="Layer"
      aria-orientation="vertical"
      aria-valuemin={1}
      aria-valuemax={Math.max(1, order.length)}
      aria-valuenow={place + 1}
      aria-valuetext={place < 0 ? 'none' : (selected ?? 'none')}
      onKeyDown={onKeyDown}
      onClick={(event) => {
        const y = event.clientY - event.currentTarget.getBoundingClientRect().top;
        const layer = order[placesAt(y, order.length).start];
        if (layer !== undefined) onSelect(layer);
      }}
    >
      {labelled.map((row) => {
        const first = order[placesAt(row * rowHeight, order.length).start] ?? 0;
        const layer = row === selectedRow ? (order[place] ?? first) : first;
        const name = layers[layer] ?? '';
        const note = notes.get(layer) ?? '';
        return (
          <span
            key={row}
            class={row === selectedRow ? 'selected' : ''}
            style={{top: `${(row + 0.5) * rowHeight}px`}}
            title={name}
          >
            <bdi>{shorten(name.slice(folder.length), LABEL_LENGTH - note.length)}</bdi>
            {note !== '' && <em> {note}</em>}
          </span>
        );
      })}
      {marksToShow(order, marks, rowHeight).map(([row, mark]) => (
        <b
          key={mark}
          style={{top: `${(row + 0.5) * rowHeight}px`}}
          title={`Number ${mark} of the layers that went bad`}
        >
          {mark}
        </b>
      ))}
    </div>
  );
}

/** The rows of the first layers that went bad, where one number does not cover another. */
function marksToShow(
  order: readonly number[],
  marks: ReadonlyMap<number, number>,
  rowHeight: number
): [number, number][] {
  const found = order
    .flatMap((layer, place): [number, number][] => {
      const mark = marks.get(layer);
      return mark === undefined || mark > MAX_MARKS ? [] : [[rowOf(place, order.length), mark]];
    })
    .sort(([, a], [, b]) => a - b);
  const shown: [number, number][] = [];
  for (const [row, mark] of found)
    if (shown.every(([other]) => Math.abs(other - row) * rowHeight >= LABEL_HEIGHT)) shown.push([row, mark]);
  return shown;
}
