/** What the tensors of the first batch held: inputs in 0..255 or with NaN are seen here. */
import {formatNumber} from '../lib/format';
import type {TensorRange} from '../types';

export function FirstBatch({tensors}: {tensors: TensorRange[]}) {
  if (tensors.length === 0) return null;
  return (
    <section class="facts" aria-label="First batch">
      <h3>First batch</h3>
      <ul>
        {tensors.map((tensor) => (
          <li key={`${tensor.role} ${tensor.name}`}>
            <strong>{tensor.role}</strong>
            {tensor.name !== '' && (
              <>
                {' '}
                <bdi>{tensor.name}</bdi>
              </>
            )}
            : {tensorSentence(tensor)}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** `float32 32×28×28×1, 0 to 255, mean 33.3, 2 NaN`. */
function tensorSentence({dtype, shape, min, max, mean, nan, inf}: TensorRange): string {
  const [low, high, middle] = [min, max, mean].map((value) => formatNumber(Number(value)));
  const parts = [
    shape.length > 0 ? `${dtype} ${shape.join('×')}` : dtype,
    min === 'NaN' ? 'no finite value' : `${low} to ${high}, mean ${middle}`,
  ];
  if (nan > 0) parts.push(`${nan} NaN`);
  if (inf > 0) parts.push(`${inf} infinite`);
  return parts.join(', ');
}
