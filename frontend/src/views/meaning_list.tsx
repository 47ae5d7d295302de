/** What the numbers of a section are, with their units; opens below its name. */
import type {Measure} from '../lib/measures';
import {Popover} from './popover';

export function MeaningList({texts}: {texts: Measure[]}) {
  return (
    <Popover class="meaning-list" label="What the numbers mean">
      <dl>
        {texts.map(({title, unit, explanation}) => (
          <div key={title}>
            <dt>
              {title}
              {unit !== '' && <small> {unit}</small>}
            </dt>
            <dd>{explanation}</dd>
          </div>
        ))}
      </dl>
    </Popover>
  );
}
