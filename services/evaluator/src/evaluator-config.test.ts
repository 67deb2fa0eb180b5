import { describe, expect, it } from 'vitest';
import { evaluatorConfigSchema } from './evaluator-config.ts';

describe('the management ports of several workers', () => {
  const problem = (settings: object): string | undefined => {
    const { error } = evaluatorConfigSchema.safeParse({ grpcPort: 9013, managementPort: 9014, ...settings });
    return error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  };

  it('leave the ports of the process alone, and end where ports end', () => {
    expect(problem({ workers: 3, workersManagementPort: 9012 })).toBe(
      'workersManagementPort: 9012 to 9014 are those of 3 workers, and grpcPort is 9013; ' +
        'workersManagementPort: 9012 to 9014 are those of 3 workers, and managementPort is 9014',
    );
    expect(problem({ workers: 2, workersManagementPort: 65_535 })).toBe(
      'workersManagementPort: that of the last of 2 would be 65536, above 65535',
    );
  });

  it('say nothing against one worker, free ports, or ports side by side', () => {
    expect(problem({ workers: 1, workersManagementPort: 9013 })).toBeUndefined();
    expect(problem({ workers: 9, workersManagementPort: 0 })).toBeUndefined();
    expect(problem({ workers: 2, workersManagementPort: 9017 })).toBeUndefined();
    expect(problem({ workers: 2, workersManagementPort: 9011 })).toBeUndefined();
  });
});
