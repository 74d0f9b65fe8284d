import { planTests } from './plans.ts';

planTests('homebridge-1.8');
