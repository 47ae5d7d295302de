/** The names beside the heatmap; with the arrow keys a way to select a layer. */
import {layerAt, rowLayout, rowOf} from '../lib/heatmap';
import {commonFolder, shorten} from '../lib/format';

/** A label needs this height in pixels. */
const LABEL_HEIGHT = 12;
const LABEL_LENGTH = 28;
const PAGE = 10;

interface LayerNamesProps {
  layers: string[];
  selected: string | null;
  onSelect: (index: number) => void;
}

export function LayerNames({layers, selected, onSelect}: LayerNamesProps) {
  const {rows, rowHeight} = rowLayout(layers.length);
  const every = Math.ceil(LABEL_HEIGHT / rowHeight);
  const index = selected === null ? -1 : layers.indexOf(selected);
  const selectedRow = index < 0 ? -1 : rowOf(index, layers.length);
  const labelled = Array.from({length: rows}, (_, row) => row).filter(
    (row) =>
      row === selectedRow ||
      (row % every === 0 && Math.abs(row - selectedRow) >= (selectedRow < 0 ? 0 : every))
  );

  const folder = commonFolder(layers);

  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Record<string, number> = {
      ArrowDown: index + 1,
      ArrowUp: index - 1,
      PageDown: index + PAGE,
      PageUp: index - PAGE,
      Home: 0,
      End: layers.length - 1,
    };
    const next = moves[event.key];
    if (next === undefined) return;
    event.preventDefault();
    onSelect(Math.min(layers.length - 1, Math.max(0, next)));
  };

  return (
    <div
      class="layer-names"
      role="slider"
      tabIndex={0}
      aria-label="Layer"
      aria-orientation="vertical"
      aria-valuemin={1}
      aria-valuemax={Math.max(1, layers.length)}
      aria-valuenow={index + 1}
      aria-valuetext={selected ?? 'none'}
      onKeyDown={onKeyDown}
      onClick={(event) => {
        onSelect(layerAt(event.clientY - event.currentTarget.getBoundingClientRect().top, layers.length));
      }}
    >
      {labelled.map((row) => {
        const name =
          row === selectedRow ? (selected ?? '') : (layers[layerAt(row * rowHeight, layers.length)] ?? '');
        return (
          <span
            key={row}
            class={row === selectedRow ? 'selected' : ''}
            style={{top: `${(row + 0.5) * rowHeight}px`}}
            title={name}
          >
            <bdi>{shorten(name.slice(folder.length), LABEL_LENGTH)}</bdi>
          </span>
        );
      })}
    </div>
  );
}
