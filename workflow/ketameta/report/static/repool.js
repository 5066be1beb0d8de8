"use strict";
/* Pools the trials that a reader leaves ticked, by the algorithms of the stages synthesize and
   report, and prints the result in the same words: numbers in, numbers and words out. What a page
   gives is told in report/repool.py. Effects are on the scale of the analysis. */
window.ketametaRepool = (function repool() {
  const LARGEST = 1e300;
  const FEWEST = 5; /* trials for a prediction interval, and for a line through a funnel */
  const TESTED = 10; /* trials for a test of small-study effects */
  const MINUS = "\u2212";
  const some = (x) => x !== null && x !== undefined;
  const compares = ({ measure }) => some(measure.null);
  const finite = (x) => (Number.isFinite(x) ? x : null);

  /* the sum that is rounded once (Neumaier 1974) */
  function sum(values) {
    let total = 0;
    let lost = 0;
    for (const x of values) {
      const next = total + x;
      lost += Math.abs(total) >= Math.abs(x) ? total - next + x : x - next + total;
      total = next;
    }
    return total + lost;
  }

  function median(values) {
    const x = [...values].sort((a, b) => a - b);
    const half = x.length >> 1;
    return x.length % 2 ? x[half] : (x[half - 1] + x[half]) / 2;
  }

  /* ---- distributions, of whole degrees of freedom ---- */

  /* what a normal leaves above z, z from 0 on (Marsaglia 2004) */
  function normalTail(z) {
    if (!(z <= 9)) return 0;
    let [all, term, i] = [z, z, 1];
    for (let before = 0; all !== before;) {
      before = all;
      i += 2;
      term *= (z * z) / i;
      all += term;
    }
    return 0.5 - (all * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
  }

  /* the share of t within -+t: the sums of Abramowitz & Stegun 26.7.3 and 26.7.4 */
  function within(t, df) {
    if (df === Infinity) return 1 - 2 * normalTail(t);
    const angle = Math.atan2(t, Math.sqrt(df));
    const square = df / (df + t * t);
    const odd = df % 2;
    let term = odd ? Math.cos(angle) : 1;
    let all = df > 1 ? term : 0;
    for (let i = 2 + odd; i < df; i += 2) {
      term *= (square * (i - 1)) / i;
      all += term;
    }
    const found = Math.sin(angle) * all;
    return odd ? ((angle + found) * 2) / Math.PI : found;
  }

  const twoSided = (statistic, df) => finite(1 - within(Math.abs(statistic), df));

  const known = new Map();
  function once(name, df, share, make) {
    const key = `${name} ${df} ${share}`;
    if (!known.has(key)) known.set(key, make(df, share));
    return known.get(key);
  }

  /* Newton's steps from 0 never pass the root, as the share within bends down */
  const tQuantile = (df, level) => once("t", df, level, () => {
    let scale = df % 2 ? 1 / Math.sqrt(Math.PI) : Math.sqrt(Math.PI) / 2;
    if (df !== Infinity) for (let i = 4 - (df % 2); i <= df; i += 2) scale *= (i - 1) / (i - 2);
    scale = df === Infinity ? 1 / Math.sqrt(2 * Math.PI) : scale / Math.sqrt(df * Math.PI);
    const slope = (t) => 2 * scale * (df === Infinity
      ? Math.exp((-t * t) / 2)
      : Math.exp((-(df + 1) / 2) * Math.log1p((t * t) / df)));
    let t = 0;
    for (let i = 0; i < 200; i += 1) {
      const step = (level - within(t, df)) / slope(t);
      if (i > 3 && !(step > 1e-16 * t)) break;
      t += step;
    }
    return t;
  });

  /* what chi-squared leaves above x, and twice its density (Abramowitz & Stegun 26.4.4, 26.4.5) */
  function chi2(x, df) {
    const half = x / 2;
    const odd = df % 2;
    let log = odd ? -half - Math.log(Math.PI * half) / 2 : -half;
    let all = odd ? 2 * normalTail(Math.sqrt(x)) : Math.exp(log);
    for (let i = 1; 2 * i + (odd ? 0 : 1) < df; i += 1) {
      log += Math.log(half / (i - (odd ? 0.5 : 0)));
      all += Math.exp(log);
    }
    return [Math.min(all, 1), Math.exp(log)];
  }
  const chi2Tail = (x, df) => (x > 0 ? chi2(x, df)[0] : 1);

  const chi2Quantile = (df, tail) => once("chi2", df, tail, () => {
    let [low, high, x] = [0, df + 60 + 20 * Math.sqrt(df), df];
    for (let i = 0; i < 300; i += 1) {
      const [above, twice] = chi2(x, df);
      if (above > tail) low = x;
      else high = x;
      const step = (2 * (above - tail)) / twice;
      if (Math.abs(step) <= 2e-16 * x) break;
      x = x + step > low && x + step < high ? x + step : (low + high) / 2;
    }
    return x;
  });

  /* ---- the mean of each group of studies, as every estimator of tau2 needs it ---- */

  /* The most precise study of a group comes first and effects are measured from it: it alone can
     swamp the others, and with it apart no difference loses its leading digits. */
  function modelOf(groups) {
    const parts = groups.map((studies) => {
      const y = studies.map((s) => s.y);
      const v = studies.map((s) => s.v);
      const best = v.indexOf(Math.min(...v));
      [y[0], y[best], v[0], v[best]] = [y[best], y[0], v[best], v[0]];
      return { origin: y[0], y: y.map((x) => x - y[0]), v };
    });
    const spread = (y) => {
      const mean = y.reduce((a, b) => a + b, 0) / y.length;
      return y.reduce((a, x) => a + (x - mean) ** 2, 0);
    };
    const all = groups.flat();
    const m = { parts, count: all.length, df: all.length - groups.length };
    m.low = Math.min(...all.map((s) => s.v));
    m.high = Math.max(...all.map((s) => s.v));
    m.within = parts.reduce((a, part) => a + spread(part.y), 0);
    m.spread = parts.length > 1 ? spread(all.map((s) => s.y - parts[0].origin)) : m.within;
    m.zero = sums(m, 0, true);
    return m;
  }

  /* With u = 1 / (v + t): q = y'Py, a = y'PPy, c = y'PPPy; b = tr P and d = tr PP of the restricted
     likelihood, else sum u and sum u^2. Twice the score is a - b. */
  function sums(m, t, restricted) {
    const s = { t, q: 0, a: 0, b: 0, c: 0, d: 0, mean: [], total: [] };
    for (const { y, v } of m.parts) {
      let [s1, s2, s3, uy] = [0, 0, 0, 0];
      const first = 1 / (v[0] + t);
      for (let i = 1; i < v.length; i += 1) {
        const u = 1 / (v[i] + t);
        s1 += u;
        s2 += u * u;
        s3 += u * u * u;
        uy += u * y[i];
      }
      const total = first + s1;
      const mean = uy / total;
      const start = first * (y[0] - mean);
      let [q, a, square, drift] = [0, 0, 0, 0];
      for (let i = 0; i < v.length; i += 1) {
        const u = 1 / (v[i] + t);
        const e = (y[i] - mean) * u;
        q += e * y[i];
        a += e * e;
        square += u * (e - start) * (e - start);
        drift += u * (e - start);
      }
      s.mean.push(mean);
      s.total.push(total);
      s.q += q;
      s.a += a;
      s.c += square - (drift * drift) / total;
      const share = first / total;
      s.b += restricted ? (s1 * (2 * first + s1) - s2) / total : total;
      s.d += restricted
        ? s2 * (1 + 2 * share * share) + (share * s1) ** 2 + (s2 / total) ** 2 - (2 * s3) / total
        : s2 + first * first;
    }
    return s;
  }

  /* the log-likelihood at t, but for a constant */
  function likelihood(m, t, restricted) {
    const s = sums(m, t, restricted);
    let value = s.q;
    for (const part of m.parts) for (const v of part.v) value += Math.log(v + t);
    if (restricted) for (const total of s.total) value += Math.log(total);
    return -value / 2;
  }

  /* where a rising curve r(t) is 1: Newton's steps, and the middle of the bracket where they leave
     it; near 0 an equation is only known to eps (t + low) */
  function climb(curve, low, lo, hi, start) {
    let t = start;
    for (let i = 1; i < 400; i += 1) {
      const [r, rate] = curve(t);
      if (r < 1) lo = t;
      else hi = t;
      const step = (1 - r) * rate;
      if (Math.abs(step) <= 3e-16 * (t + low) || hi - lo <= 3e-16 * (hi + low)) break;
      t += step;
      if (!(t > lo && t < hi) || i % 8 === 0) t = Math.sqrt((lo + low) * (hi + low)) - low;
    }
    return Math.max(t, 0);
  }

  /* the tau2 at which the generalised Q meets a target; 0 where Q(0) is below it */
  function solveQ(m, target) {
    if (!(m.zero.q > target)) return 0;
    const curve = (t) => {
      const { q, a } = sums(m, t, true);
      return [target / q, (q * q) / (target * a)];
    };
    return climb(curve, m.low, 0, (m.within / target) * (1 + 1e-9) - m.low, 0);
  }

  /* ---- the tau2 at the global maximum of a likelihood (see stats/univariate/likelihood.py) ---- */

  /* Stretches of tau2 are cut until the score changes its sign once at most in each: where a/b is
     monotone, as it is where 2 b c - a d keeps its sign. a and b fall with tau2, and so do c and d;
     times (min v + tau2)^4 their products rise. */
  function maximise(m, restricted) {
    const at = (t) => sums(m, t, restricted);
    const half = m.within / (2 * m.df);
    const bound = Math.min(half + Math.sqrt(half * (half + 2 * (m.high - m.low))), m.within);
    const top = bound * (1 + 1e-9) - m.low;
    if (!(top > 0)) return 0;
    const nil = at(0);
    const found = nil.a > nil.b ? [] : [0];
    const pieces = [[nil, at(top)]];
    while (pieces.length) {
      const [left, right] = pieces.pop();
      const [up, still] = [left.a > left.b, right.a > right.b];
      const [from, to] = [left.t + m.low, right.t + m.low];
      const middle = Math.sqrt(from * to) - m.low;
      const grow = (to / from) ** 4;
      const [bc, ad] = [2 * right.b * right.c, left.a * left.d];
      const falls = bc > ad || 2 * left.b * left.c > grow * right.a * right.d;
      const rises = 2 * left.b * left.c < right.a * right.d || grow * bc < ad;
      if (falls || rises || !(to > 1.02 * from)) {
        if (!up || still) continue;
        const curve = (t) => {
          const { a, b, c, d } = at(t);
          return [b / a, (a * a) / (2 * b * c - d * a)];
        };
        found.push(climb(curve, m.low, left.t, right.t, middle));
        continue;
      }
      const cut = at(middle);
      pieces.push([left, cut], [cut, right]);
    }
    if (found.length < 2) return found[0] ?? 0;
    const heights = found.map((t) => likelihood(m, t, restricted));
    return found[heights.indexOf(Math.max(...heights))];
  }

  /* the moment estimator with weights w(v): its y'Ay, tr AV and tr A */
  function moments(m, w) {
    let [yay, trav, tra] = [0, 0, 0];
    for (const { y, v } of m.parts) {
      const u = v.map(w);
      const total = u.reduce((a, b) => a + b, 0);
      const mean = u.reduce((a, x, i) => a + (x / total) * y[i], 0);
      u.forEach((x, i) => {
        yay += x * (y[i] - mean) ** 2;
        trav += x * (1 - x / total) * v[i];
        tra += x * (1 - x / total);
      });
    }
    return [yay, trav, tra];
  }

  function generalised(m, w) {
    const [yay, trav, tra] = moments(m, w);
    return Math.max((yay - trav) / tra, 0);
  }

  function hunterSchmidt(m, up) {
    const weight = m.parts.flatMap((part) => part.v).reduce((a, v) => a + 1 / v, 0);
    return Math.max((up * moments(m, (v) => 1 / v)[0] - m.count) / weight, 0);
  }

  const ESTIMATORS = {
    EE: () => 0,
    DL: (m) => generalised(m, (v) => 1 / v),
    DL2(m) {
      const first = ESTIMATORS.DL(m);
      return generalised(m, (v) => 1 / (v + first));
    },
    HE: (m) => generalised(m, () => 1),
    HS: (m) => hunterSchmidt(m, 1),
    HSk: (m) => hunterSchmidt(m, m.count / m.df),
    SJ(m) {
      const start = m.spread / m.count;
      return (start * moments(m, (v) => 1 / (v + start))[0]) / m.df;
    },
    ML: (m) => maximise(m, false),
    REML: (m) => maximise(m, true),
    EB: (m) => solveQ(m, m.df),
    PM: (m) => solveQ(m, m.df),
    PMM: (m) => solveQ(m, chi2Quantile(m.df, 0.5)),
  };

  /* ---- pooling ---- */

  /* what a rule makes of a variance: multiplier, degrees of freedom (see univariate/intervals.py) */
  function adjustment(rule, scale, df, tau2, model) {
    const z = tQuantile(Infinity, model.level);
    const wide = Math.sqrt(scale) * tQuantile(df, model.level) > z;
    const auto = rule === "auto" && model.tau2 !== "EE" && ((tau2 > 0 && df > 1) || wide);
    if (!auto && !rule.startsWith("hksj")) return { factor: 1, df: Infinity, rule: "wald" };
    return rule === "hksj-adhoc"
      ? { factor: Math.max(scale, 1), df, rule }
      : { factor: scale, df, rule: "hksj" };
  }

  function around(estimate, se, df, level) {
    const half = tQuantile(df, level) * se;
    return { estimate, se, p: twoSided(estimate / se, df), low: estimate - half, high: estimate + half };
  }

  /* groups of studies about a mean each, with one tau2 */
  function fit(groups, model, rule = model.interval) {
    const m = modelOf(groups);
    const tau2 = ESTIMATORS[model.tau2](m);
    const at = sums(m, tau2, model.tau2 === "REML");
    const by = adjustment(rule, at.q / m.df, m.df, tau2, model);
    const means = m.parts.map((part, i) => (
      around(at.mean[i] + part.origin, Math.sqrt(by.factor / at.total[i]), by.df, model.level)
    ));
    const typical = m.df / m.zero.b;
    const i2Q = 100 * Math.max(0, 1 - 1 / Math.max(m.zero.q / m.df, 1));
    const i2 = (t) => (100 * t) / (t + typical);
    return { m, tau2, at, by, means, i2, i2Q, i2Own: model.tau2 === "EE" ? i2Q : i2(tau2) };
  }

  /* what the degrees of freedom fall short of the trials, and whose standard error it is */
  const PREDICTIONS = {
    "k-1": [1, ""], "k-2": [2, ""], normal: [-Infinity, ""],
    hksj: [1, "hksj"], "hksj-k-2": [2, "hksj"],
    "k-1-wald": [1, "wald"], "k-2-wald": [2, "wald"], "normal-wald": [-Infinity, "wald"],
  };

  function predicted(found, model) {
    const [lost, of] = PREDICTIONS[model.prediction];
    const df = found.m.count - lost;
    if (!(df >= 1)) return {};
    const wald = 1 / Math.sqrt(found.at.total[0]);
    const hksj = Math.sqrt(found.at.q / found.m.df) * wald;
    const se = of ? { wald, hksj }[of] : found.means[0].se;
    const half = tQuantile(df, model.level) * Math.sqrt(found.tau2 + se * se);
    const { estimate } = found.means[0];
    return { predictionLow: estimate - half, predictionHigh: estimate + half };
  }

  function byVariance(effects, model) {
    const found = fit([effects], model);
    const { m } = found;
    const tail = (1 - model.level) / 2;
    const [low, high] = [tail, 1 - tail].map((p) => solveQ(m, chi2Quantile(m.df, p)));
    return {
      ...found.means[0], ...predicted(found, model), engine: model.pooling, rule: found.by.rule,
      tau2: found.tau2, tau2Low: low, tau2High: high,
      i2: found.i2Own, i2Low: found.i2(low), i2High: found.i2(high), i2Q: found.i2Q,
      q: m.zero.q, qDf: m.df, qP: chi2Tail(m.zero.q, m.df),
    };
  }

  /* a common effect of counts, by Mantel and Haenszel or by Peto (see stats/rare/classical.py) */
  function ofTables(effects, data) {
    const { model, measure } = data;
    const tables = effects.filter((e) => [e.eventsT, e.nT, e.eventsC, e.nC].every(some));
    const crossed = tables.some((e) => e.people < e.nT + e.nC);
    const found = {
      engine: model.pooling, rule: "wald", asParallel: crossed,
      k: countTrials(tables), people: countPeople(tables),
    };
    const least = Math.max(2, model.least);
    if (found.k < least) return { ...found, failure: `counts of fewer than ${least} trials` };
    const cells = tables.map((e) => [e.eventsT, e.nT - e.eventsT, e.eventsC, e.nC - e.eventsC]);
    const how = model.pooling === "Peto" ? peto : mantelHaenszel;
    const { estimate, se, q, number } = how(cells, measure.risks);
    if (!(se > 0) || !Number.isFinite(se) || !Number.isFinite(estimate)) {
      return { ...found, failure: "events on one side alone" };
    }
    const df = number - 1;
    const several = df > 0;
    const own = several ? Math.max(q, 0) : 0;
    return {
      ...found, ...around(estimate, se, Infinity, model.level),
      q: own, qDf: df, qP: several ? chi2Tail(own, df) : null,
      i2: several ? (own > df ? (100 * (own - df)) / own : 0) : null,
    };
  }

  function peto(cells) {
    let [o, v, squares, number] = [0, 0, 0, 0];
    for (const [a, b, c, d] of cells) {
      const [n1, n2, n] = [a + b, c + d, a + b + c + d];
      const own = ((a + c) * (b + d) * (n1 / n) * (n2 / n)) / (n - 1);
      if (!(own > 0)) continue;
      const excess = a - ((a + c) * n1) / n;
      o += excess;
      v += own;
      squares += (excess * excess) / own;
      number += 1;
    }
    return { estimate: o / v, se: v ** -0.5, q: squares - (o * o) / v, number };
  }

  function mantelHaenszel(cells, by) {
    const total = (of) => cells.reduce((all, [a, b, c, d]) => all + of(a, b, c, d, a + b + c + d), 0);
    let estimate;
    let se;
    if (by === "odds") {
      const r = total((a, b, c, d, n) => (a * d) / n);
      const s = total((a, b, c, d, n) => (b * c) / n);
      const pr = total((a, b, c, d, n) => ((a + d) / n) * ((a * d) / n));
      const both = total((a, b, c, d, n) => ((a + d) / n) * ((b * c) / n) + ((b + c) / n) * ((a * d) / n));
      const qs = total((a, b, c, d, n) => ((b + c) / n) * ((b * c) / n));
      estimate = Math.log(r / s);
      se = Math.sqrt((pr / r ** 2 + both / (r * s) + qs / s ** 2) / 2);
    } else if (by === "ratio") {
      const r = total((a, b, c, d, n) => (a * (c + d)) / n);
      const s = total((a, b, c, d, n) => (c * (a + b)) / n);
      const p = total((a, b, c, d, n) => ((a + b) / n) * ((c + d) / n) * (a + c) - (a * c) / n);
      estimate = Math.log(r / s);
      se = Math.sqrt(p / (r * s));
    } else {
      const w = total((a, b, c, d, n) => ((a + b) * (c + d)) / n);
      estimate = total((a, b, c, d, n) => (a * (c + d) - c * (a + b)) / n) / w;
      const p = total((a, b, c, d, n) => {
        const [n1, n2] = [a + b, c + d];
        return (c * n1 ** 2 - a * n2 ** 2 + (n1 * n2 * (n2 - n1)) / 2) / n ** 2;
      });
      const q = total((a, b, c, d, n) => (a * d + c * b) / n) / 2;
      se = Math.sqrt((estimate * p + q) / w ** 2);
    }
    return { estimate, se, ...qAround(estimate, cells, by) };
  }

  /* the effect of a table and its variance, as what it compares risks by */
  function single(by, a, b, c, d) {
    const n1 = a + b;
    const n2 = c + d;
    if (by === "odds") return [Math.log((a * d) / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d];
    if (by === "difference") return [a / n1 - c / n2, (a * b) / n1 ** 3 + (c * d) / n2 ** 3];
    return [Math.log(a / n1) - Math.log(c / n2), 1 / a - 1 / n1 + 1 / c - 1 / n2];
  }

  /* Q of the single effects, a half added where a cell is empty; no events or only events: none */
  function qAround(estimate, cells, by) {
    let q = 0;
    let number = 0;
    for (const whole of cells) {
      if (!(whole[0] + whole[2]) || !(whole[1] + whole[3])) continue;
      const more = whole.some((x) => x === 0) ? 0.5 : 0;
      const effect = single(by, ...whole.map((x) => x + more));
      if (!(effect[1] > 0)) continue;
      q += (effect[0] - estimate) ** 2 / effect[1];
      number += 1;
    }
    return { q, number };
  }

  /* ---- shares: log odds normal about their mean, counts binomial (see stats/rare/glmm.py) ---- */

  /* a step of Newton's as long as always climbs, where it moves log odds by so much (Bach 2010) */
  const damped = (step, moved) => (moved ? (step * Math.log1p(Math.abs(moved))) / Math.abs(moved) : step);

  /* the log-likelihood at mean and standard deviation, its slopes in both and its curvatures: means
     over what each trial leaves of its own effect (Louis 1982), by steps that are small against
     that and against a change of odds */
  function marginal(effects, mean, tau) {
    const s = [0, 0, 0, 0, 0, 0];
    for (const { eventsT, nT } of effects) {
      const at = (u) => {
        const odds = mean + tau * u;
        const p = 1 / (1 + Math.exp(-odds));
        const lost = Math.max(odds, 0) + Math.log1p(Math.exp(-Math.abs(odds)));
        return [eventsT - nT * p, nT * p * (1 - p), eventsT * odds - nT * lost - (u * u) / 2];
      };
      let u = 0;
      for (let i = 0, step = 1; i < 200 && Math.abs(step) > 1e-9; i += 1) {
        const [slope, information] = at(u);
        step = (tau * slope - u) / (1 + tau * tau * information);
        u += damped(step, tau * step);
      }
      const [, information, top] = at(u);
      const step = 0.4 / Math.max(Math.sqrt(1 + tau * tau * information), tau);
      const m = [0, 0, 0, 0, 0, 0];
      for (const way of [-1, 1]) {
        for (let x = u + (way > 0 ? step : 0), weight = 1; weight > 1e-14; x += way * step) {
          const [slope, less, height] = at(x);
          weight = Math.exp(height - top);
          const bent = weight * (slope * slope - less);
          m[0] += weight;
          m[1] += weight * slope;
          m[2] += weight * slope * x;
          m[3] += bent;
          m[4] += bent * x;
          m[5] += bent * x * x;
        }
      }
      const [, a, b, c, d, e] = m.map((all) => all / m[0]);
      const one = [top + Math.log(m[0] * step), a, b, c - a * a, d - a * b, e - b * b];
      one.forEach((of, i) => {
        s[i] += of;
      });
    }
    return s;
  }

  function byShares(effects, { level, how, failures }) {
    const [x, n] = ["eventsT", "nT"].map((name) => effects.reduce((a, e) => a + e[name], 0));
    const found = { engine: how, rule: "wald" };
    const failed = (why) => ({ ...found, failure: failures[why] });
    if (!x || x === n) return failed(x ? 1 : 0);
    /* the mean at one tau is where the search at the next starts: mostly two or three steps */
    let mean = Math.log(x / (n - x));
    const at = (tau) => {
      if (!(Math.abs(mean) < 30)) mean = Math.log(x / (n - x));
      for (let i = 0; ; i += 1) {
        const [value, off, rise, ...bent] = marginal(effects, mean, tau);
        const step = -off / bent[0];
        mean += damped(step, step);
        if (!(Math.abs(step) > 1e-10 && Math.abs(mean) < 30) || i > 50) return { tau, mean, value, rise, bent };
      }
    };
    /* from 10 on nearly every trial has either no events or events only */
    const grid = [1e-4, 0.03, 0.06, 0.12, 0.25, 0.5, 1, 2, 4, 7, 10].map(at);
    const tops = grid[0].rise > 0 ? [] : [at(0)];
    grid.forEach(({ tau: low, rise }, i) => {
      if (!(rise > 0 && grid[i + 1]?.rise <= 0)) return;
      let high = grid[i + 1].tau;
      let now = grid[i];
      for (let j = 0, step = 1; j < 99 && Math.abs(step) > 1e-10; j += 1) {
        const [flat, both, apart] = now.bent;
        let next = now.tau - now.rise / (apart - both ** 2 / flat);
        if (!(next > low && next < high)) next = (low + high) / 2;
        step = next - now.tau;
        now = at(next);
        if (now.rise > 0) low = next;
        else high = next;
      }
      tops.push(now);
    });
    const [top] = tops.filter(({ mean }) => Math.abs(mean) < 30).sort((a, b) => b.value - a.value);
    if (!top) return failed(2);
    const { tau, bent: [flat, both, apart] } = top;
    mean = top.mean;
    const se = ((tau && both ** 2 / apart) - flat) ** -0.5;
    if (!(se > 0)) return failed(2);
    const { df, zero } = modelOf([effects]);
    const half = tQuantile(df, level) * Math.hypot(tau, se);
    const part = (events, people, p) => (events ? events * Math.log(events / people / p) : 0);
    const q = 2 * sum(effects.map(({ eventsT: e, nT: all }) => part(e, all, x / n) + part(all - e, all, 1 - x / n)));
    return {
      ...found, ...around(mean, se, Infinity, level), tau2: tau * tau,
      predictionLow: mean - half, predictionHigh: mean + half,
      i2: (100 * tau * tau) / (df / zero.b + tau * tau),
      q: Math.max(q, 0), qDf: df, qP: chi2Tail(q, df),
    };
  }

  const countTrials = (effects) => new Set(effects.map((e) => e.trial)).size;
  const countPeople = (effects) => Number(rounded(effects.reduce((a, e) => a + e.people, 0), 0));
  const poolable = (effects, model) => countTrials(effects) >= Math.max(2, model.least);

  /* a value of the analysis scale on the natural one; a ratio beyond all numbers is held */
  function natural(measure, value) {
    if (!some(value) || Number.isNaN(value)) return null;
    let x = value;
    if (measure.transform === "log") x = value < 700 ? Math.exp(value) : Infinity;
    if (measure.transform === "log odds") x = value > -700 ? 1 / (1 + Math.exp(-value)) : 0;
    return finite(Math.min(x, LARGEST));
  }

  const ENDS = ["estimate", "low", "high", "predictionLow", "predictionHigh"];
  const NUMBERS = [...ENDS, "se", "p", "tau2", "tau2Low", "tau2High", "i2", "i2Low", "i2High", "i2Q",
    "q", "qDf", "qP"];

  function record(data, told) {
    const made = { ...told };
    for (const name of NUMBERS) made[name] = some(made[name]) ? finite(made[name]) : null;
    made.natural = Object.fromEntries(ENDS.map((n) => [n, natural(data.measure, made[n])]));
    return made;
  }

  function pooled(data, effects, model = data.model) {
    const k = countTrials(effects);
    const told = { k, people: countPeople(effects) };
    if (!effects.length) return record(data, { ...told, engine: "none" });
    if (effects.length === 1) {
      const [{ y, v }] = effects;
      const own = around(y, Math.sqrt(v), Infinity, model.level);
      if (!compares(data)) own.p = null;
      return record(data, { ...told, ...own, engine: "single", rule: "wald" });
    }
    if (k < model.least) {
      return record(data, { ...told, engine: "too few", failure: `fewer than ${model.least} trials` });
    }
    const how = { GLMM: byShares, "inverse variance": byVariance }[model.pooling];
    const found = { ...told, ...(how ? how(effects, model) : ofTables(effects, data)) };
    /* two trials give one degree of freedom: a range of that width predicts nothing */
    if (k < 3) Object.assign(found, { predictionLow: null, predictionHigh: null });
    if (!compares(data)) found.p = null;
    return record(data, found);
  }

  function weightsOf(data, effects) {
    if (!poolable(effects, data.model)) return effects.map(() => null);
    const { at, tau2 } = fit([effects], data.model);
    const variance = 1 / at.total[0];
    return effects.map((e) => finite((100 * variance) / (e.v + tau2)));
  }

  /* ---- splits: groups pooled and compared (see synthesize/splits.py) ---- */

  function groupsOf(data, number, effects) {
    const { groups, labels } = data.splits[number];
    return groups.map((word, i) => ({
      word, label: labels[i], effects: effects.filter((e) => e.groups[number] === i),
    })).filter((group) => group.effects.length);
  }

  function splitOf(data, number, effects) {
    const groups = groupsOf(data, number, effects);
    const labelled = groups.filter((group) => group.word);
    if (labelled.length < 2) return null;
    const { model } = data;
    const several = groups.filter((group) => group.effects.length > 1);
    const together = model.common && several.length ? fit(groups.map((g) => g.effects), model) : null;
    groups.forEach((group, i) => {
      const own = group.effects;
      if (!together || own.length < 2) {
        group.record = pooled(data, own);
        return;
      }
      const { q } = modelOf([own]).zero;
      group.record = record(data, {
        k: countTrials(own), people: countPeople(own), ...together.means[i], tau2: together.tau2,
        i2: together.i2Own, q, qDf: own.length - 1, qP: chi2Tail(q, own.length - 1),
        engine: "groups", rule: together.by.rule,
      });
    });
    const { split, name } = data.splits[number];
    return { split, name, groups, ...between(labelled.map((group) => group.effects), model) };
  }

  function between(groups, model) {
    const shared = model.common && groups.some((own) => own.length > 1);
    const means = shared
      ? fit(groups, model, "wald").means
      : groups.map((own) => (own.length > 1
        ? fit([own], model, "wald").means[0]
        : { estimate: own[0].y, se: Math.sqrt(own[0].v) }));
    const w = means.map(({ se }) => 1 / (se * se));
    const total = w.reduce((a, b) => a + b, 0);
    const middle = means.reduce((a, { estimate }, i) => a + w[i] * estimate, 0) / total;
    const q = means.reduce((a, { estimate }, i) => a + w[i] * (estimate - middle) ** 2, 0);
    return { q, df: groups.length - 1, p: chi2Tail(q, groups.length - 1) };
  }

  /* ---- absolute effects (see synthesize/absolute.py) ---- */

  function riskOf(data, effects, { natural: ends }) {
    const { measure } = data;
    const arms = effects.filter((e) => some(e.eventsC) && e.nC);
    if (!measure.risks || !some(ends.estimate) || !arms.length) return null;
    const risk = sum(arms.map((e) => e.eventsC)) / sum(arms.map((e) => e.nC));
    if (!(risk > 0 && risk < 1) && !(risk === 0 && measure.null === 0)) return null;
    const found = { risk, arms: arms.length };
    for (const end of ["estimate", "low", "high"]) {
      const value = ends[end];
      const treated = value >= LARGEST ? 1 : {
        ratio: risk * value,
        odds: (risk * value) / (1 - risk + risk * value),
        difference: risk + value,
      }[measure.risks];
      const held = some(value) ? Math.min(Math.max(treated, 0), 1) : null;
      const off = some(value) ? held - risk : null;
      found[end] = { treated: held, off, nnt: off ? 1 / off : null };
    }
    return found;
  }

  function pointsOf(data, effects, { natural: ends }) {
    if (!data.measure.standardised || !some(ends.estimate)) return null;
    const of = (scale) => effects.filter((e) => e.sdC && e.scale === scale);
    const named = [...new Set(effects.filter((e) => e.sdC && e.scale).map((e) => e.scale))];
    const order = data.asked.length
      ? data.asked
      : named.sort((a, b) => of(b).length - of(a).length || (a < b ? -1 : 1));
    for (const scale of order) {
      const members = of(scale).filter((e) => !e.skewed);
      if (!members.length) continue;
      const sd = median(members.length === 1 ? bothArms(members[0]) : members.map((e) => e.sdC));
      const moved = ["estimate", "low", "high"].map((n) => (some(ends[n]) ? ends[n] * sd : null));
      if (stays(data.scales[scale], moved.filter(some), members)) return { scale, sd, moved };
    }
    return null;
  }

  function bothArms({ sdT, sdC, nT, nC }) {
    if (!(sdT && nT && nC && nT + nC > 2)) return [sdC];
    return [Math.sqrt(((nT - 1) * sdT ** 2 + (nC - 1) * sdC ** 2) / (nT + nC - 2))];
  }

  /* whether points from the typical control mean stay on the scale, with their interval */
  function stays(scale, moved, members) {
    if (!scale) return true;
    const means = members.map((e) => e.meanC).filter(some);
    const { low = -Infinity, high = Infinity } = scale;
    if (means.length) {
      const middle = median(means);
      return moved.every((x) => middle + x >= low && middle + x <= high);
    }
    return !Number.isFinite(high - low) || moved.every((x) => Math.abs(x) <= high - low);
  }

  /* ---- certainty (see evidence/): levels taken by the rules of each domain ---- */

  const spreadOf = (effects) => {
    const known_ = effects.map((e) => e.sdC).filter(Boolean);
    return known_.length ? median(known_) : null;
  };

  /* the smallest worthwhile effects below and above no effect (see synthesize/worthwhile.py) */
  function worthwhile(data, effects, risk) {
    const { measure, certainty: { limits } } = data;
    if (!compares(data)) return null;
    if (measure.log) {
      if (!risk) return [1 / limits.worthwhile_ratio, limits.worthwhile_ratio];
      const { risk: own } = risk;
      const of = (treated) => (measure.risks === "ratio"
        ? treated / own
        : treated / (1 - treated) / (own / (1 - own)));
      const [least, most] = [own - limits.worthwhile_risk, own + limits.worthwhile_risk];
      return [least > 0 ? of(least) : 0, most < 1 ? of(most) : LARGEST];
    }
    let size = measure.counts ? limits.worthwhile_risk : limits.worthwhile_smd;
    if (measure.inPoints) {
      const names = [...new Set(effects.map((e) => e.scale))].filter((n) => n in data.scales);
      const spread = spreadOf(effects);
      const own = names.length === 1 ? data.scales[names[0]].mid : null;
      size = own || (spread ? limits.worthwhile_smd * spread : null);
    }
    return size === null ? null : [-size, size];
  }

  const zone = (value, [low, high]) => (value >= high) - (value <= low);
  const crossed = (low, high, bounds) => (
    (low <= bounds[0] && bounds[0] < high) + (low < bounds[1] && bounds[1] <= high)
  );

  function position(data, { natural: { low, high } }) {
    const { null: none } = data.measure;
    if (!some(none) || low === null || high === null) return null;
    return low > none ? "above" : high < none ? "below" : "around";
  }

  /* per cent of the weight by a property; where nothing is weighted, effects count alike */
  function sharesOf(effects, weights, key) {
    const alike = weights.some((w) => w === null);
    const found = new Map();
    effects.forEach((e, i) => {
      found.set(key(e), (found.get(key(e)) ?? 0) + (alike ? 1 : weights[i]));
    });
    const total = sum(found.values());
    return new Map([...found].map(([name, w]) => [name, (100 * w) / total]));
  }

  const rating = (levels, rules, judged = true, best = levels) => ({ levels, best, judged, rules });
  const pointsOff = (data, rec, ...values) => data.measure.factor
    * Math.max(...values.map((x) => Math.abs(x - rec.natural.estimate)));

  function bias(data, effects, weights, limits) {
    const [SEVERAL, HIGH, CONCERNS, , UNJUDGED] = [0, 1, 2, 3, 4];
    const trials = sharesOf(effects, weights, (e) => e.trial);
    const risks = new Map(effects.map((e) => [e.trial, e.risk]));
    const shares = [0, 1].map((end) => {
      const found = [0, 0, 0, 0, 0];
      for (const [trial, share] of trials) found[risks.get(trial)[end]] += share;
      return found;
    });
    const levels = (share, unsure) => {
      if (share[SEVERAL] && share[SEVERAL] >= limits.bias_high) return [-2, "high-risk"];
      const high = share[SEVERAL] + share[HIGH];
      const all = high + share[CONCERNS] + unsure;
      if (all <= 1e-9 || all < limits.bias_not_low) return [0];
      return [-1, high >= limits.bias_not_low ? "high" : "not-low"];
    };
    let [worst, rule] = levels(shares[0], shares[0][UNJUDGED]);
    const [least] = levels(shares[1], 0);
    if (!least && worst === -1 && !levels(shares[0], 0)[0]) rule = "not-judged";
    return { ...rating(worst, rule ? [rule] : [], true, Math.max(least, worst)), shares };
  }

  /* the split that explains why trials differ, if one does (see evidence/agreement.py) */
  function explained(data, found, bounds, limits) {
    const all = [];
    found.splits.forEach((split, number) => {
      if (!split) return;
      const shares = sharesOf(found.effects, found.weights, (e) => e.groups[number]);
      const largest = Math.max(...shares.values());
      const tested = split.groups.filter((g) => g.word && g.record.q !== null && g.record.qDf);
      if (split.p === null || split.p >= limits.mixed_p || !tested.length) return;
      if (100 - largest < limits.mixed) return;
      const q = sum(tested.map((g) => g.record.q));
      const df = sum(tested.map((g) => g.record.qDf));
      const tau2 = sum(tested.map((g) => g.record.qDf * (g.record.tau2 ?? 0))) / df;
      const weightOf = (group) => shares.get(data.splits[number].groups.indexOf(group.word)) ?? 0;
      const differs = differ(data, found.record, split.groups, weightOf, bounds, limits);
      all.push({ i2: q ? Math.max(0, (100 * (q - df)) / q) : 0, tau2, differs });
    });
    return all.find((one) => one.differs) ?? all[0] ?? null;
  }

  function differ(data, rec, groups, weightOf, bounds, limits) {
    const share = !compares(data);
    if (!share && !bounds) return true;
    const weight = new Map();
    for (const group of groups) {
      const value = group.record.natural.estimate;
      if (!group.word || value === null) continue;
      const far = share && pointsOff(data, rec, value) > limits.worthwhile_points;
      const answer = share
        ? (far ? Math.sign(value - rec.natural.estimate) : 0)
        : zone(value, bounds);
      weight.set(answer, (weight.get(answer) ?? 0) + weightOf(group));
    }
    const all = [...weight.values()];
    return all.length > 0 && all.reduce((a, b) => a + b, 0) - Math.max(...all) >= limits.mixed;
  }

  /* the prediction interval within the scale, where one may be told */
  function expected(data, rec) {
    const { predictionLow: low, predictionHigh: high } = rec.natural;
    if (low === null || high === null || rec.k < FEWEST || rec.tau2 === 0) return null;
    const [least, most] = data.measure.bounds;
    return [some(least) ? Math.max(low, least) : low, some(most) ? Math.min(high, most) : high];
  }

  function inconsistency(data, rec, bounds, split, limits) {
    const share = !compares(data);
    if (share && rec.k === 1) return rating(-1, ["alone"]);
    if (rec.k < 2 || rec.i2 === null) return rating(0, [], false);
    if (share) {
      const tau2 = split ? split.tau2 : rec.tau2;
      if (tau2 === null) return rating(0, [], false);
      const half = 1.959963984540054 * Math.sqrt(tau2);
      const ends = [-half, half].map((x) => natural(data.measure, rec.estimate + x));
      const off = pointsOff(data, rec, ...ends);
      if (off > limits.spread_considerable) return rating(-2, ["spread-far"]);
      return off > limits.worthwhile_points ? rating(-1, ["spread"]) : rating(0, []);
    }
    const i2 = split ? Math.min(rec.i2, split.i2) : rec.i2;
    const further = split || !rec.i2 ? null : expected(data, rec);
    let reach = null;
    if (further) {
      const [low, high] = further;
      const { null: none } = data.measure;
      if (low <= none && none <= high && position(data, rec) !== "around") reach = "predicts-none";
      else if (bounds && crossed(low, high, bounds) === 2) reach = "predicts-both";
    }
    const rules = [reach, i2 >= limits.i2_substantial ? "i2" : null].filter(Boolean);
    return rating(reach && i2 >= limits.i2_considerable ? -2 : -Math.min(rules.length, 1), rules);
  }

  function imprecision(data, found, bounds, limits) {
    const { record: rec, effects, risk } = found;
    const { estimate, low, high } = rec.natural;
    const { measure } = data;
    const none = low === null || high === null;
    if (!compares(data)) {
      if (none) return rating(-2, ["no-interval"]);
      const off = pointsOff(data, rec, low, high);
      if (off > 2 * limits.worthwhile_points) return rating(-2, ["points-twice"]);
      return off > limits.worthwhile_points ? rating(-1, ["points"]) : rating(0, []);
    }
    let opened = 2;
    if (!none) {
      opened = bounds
        ? crossed(low, high, bounds)
        : Number(low <= measure.null && measure.null <= high);
    }
    const leaves = none ? "no-interval" : [null, "crossed", bounds ? "crossed-both" : null][opened];
    const events = effects.flatMap((e) => [e.eventsT, e.eventsC]);
    const counted = measure.counts && events.every(some);
    const size = counted ? limits.events : limits.people;
    const number = counted ? sum(events) : rec.people;
    const unit = measure.standardised ? 1 : spreadOf(effects);
    let apart = null;
    if (!none) apart = measure.log ? (low ? high / low : Infinity) : high - low;
    let wide = false;
    if (apart !== null && measure.log) wide = apart >= limits.wide_ratio;
    else if (apart !== null && !measure.counts) wide = Boolean(unit) && apart >= limits.large_smd * unit;
    let large = false;
    if (measure.inPoints || measure.standardised) {
      large = unit !== null && Math.abs(estimate) >= limits.large_smd * unit;
    } else if (measure.log || (risk && risk.risk)) {
      const ratio = measure.log ? estimate : risk.estimate.treated / risk.risk;
      large = ratio <= 1 / limits.large_ratio || ratio >= limits.large_ratio;
    }
    const ratioWide = wide && measure.log;
    let short = 0;
    if (wide || large) {
      const few = ratioWide || number < limits.short * size;
      short = number < limits.scarce * size ? 2 : Number(few);
    }
    const little = [
      short === 2 && "scarce",
      ratioWide && "wide",
      short === 1 && number < limits.short * size && "short",
    ];
    const rules = (short > opened ? [...little, leaves] : [leaves, ...little]).filter(Boolean);
    return rating(opened && short ? -2 : -Math.max(opened, short), rules);
  }

  /* a line y = limit + slope x with weights 1 / v, within groups (see stats/bias/small_study.py) */
  function line(rows) {
    const groups = new Map();
    for (const row of rows) groups.set(row.group, [...(groups.get(row.group) ?? []), row]);
    let [sxx, sxy, scale] = [0, 0, 0];
    const centred = [];
    for (const own of groups.values()) {
      const total = own.reduce((a, { v }) => a + 1 / v, 0);
      const mean = (name) => own.reduce((a, row) => a + row[name] / row.v, 0) / total;
      const [mx, my] = [mean("x"), mean("y")];
      for (const { x, y, v } of own) {
        centred.push([x - mx, y - my, 1 / v]);
        sxx += (x - mx) ** 2 / v;
        sxy += ((x - mx) * (y - my)) / v;
        scale += mx ** 2 / v;
      }
    }
    const df = rows.length - groups.size - 1;
    if (df < 1 || !(sxx > 1e-20 * scale)) return { k: rows.length, p: null };
    const slope = sxy / sxx;
    const left = centred.reduce((a, [dx, dy, w]) => a + w * (dy - slope * dx) ** 2, 0);
    return { k: rows.length, slope, p: twoSided(slope / Math.sqrt(left / df / sxx), df) };
  }

  /* what each test of small-study effects regresses: effect, predictor and variance */
  const SIZED = {
    Egger: ({ y, v }) => ({ y, x: Math.sqrt(v), v }),
    "Pustejovsky and Rodgers": ({ y, nT, nC }) => (
      { y, x: Math.sqrt(1 / nT + 1 / nC), v: 1 / nT + 1 / nC }
    ),
    Peters: (e) => ({ y: e.y, x: 1 / (e.nT + e.nC), v: spreadOfEvents(e) }),
    Harbord(e) {
      const n = e.nT + e.nC;
      const v = (spreadOfEvents(e) * n * (n - 1)) / (e.nT * e.nC);
      return { y: (e.eventsT - ((e.eventsT + e.eventsC) * e.nT) / n) * v, x: Math.sqrt(v), v };
    },
  };

  function spreadOfEvents({ eventsT, eventsC, nT, nC }) {
    const events = eventsT + eventsC;
    return 1 / events + 1 / (nT + nC - events);
  }

  function bySize(data, effects, grouped) {
    const rows = effects.map((e) => ({ ...SIZED[data.model.smallStudy](e), group: grouped && e.route }));
    return line(rows.filter(({ y, x, v }) => Number.isFinite(y + x + v) && v > 0));
  }

  /* asymmetry: whether it can be tested, and whether it survives its checks */
  function asymmetry(data, found, limits) {
    const { record: rec, effects } = found;
    if (effects.length < FEWEST || rec.estimate === null || !compares(data)) return {};
    const test = bySize(data, effects);
    if (test.k < TESTED || test.p === null) return {};
    const least = limits.asymmetry_p;
    const parallel = effects.filter((e) => e.design !== "crossover");
    const fewer = parallel.length >= FEWEST ? bySize(data, parallel) : null;
    const checks = [
      ["design", fewer && fewer.k >= FEWEST ? fewer.p : null],
      ["route", bySize(data, effects, true).p],
    ].filter(([name]) => new Set(effects.map((e) => e[name])).size > 1);
    const survives = test.p < least && test.slope * rec.estimate > 0
      && checks.every(([, p]) => p !== null && p < least);
    return { tested: true, survives };
  }

  /* the pool with each known missing result as no effect (see synthesize/missing.py) */
  function boundOf(data, effects) {
    const silent = data.certainty.missing.filter((row) => row.silent && row.n);
    const own = effects.filter((e) => e.people);
    if (!silent.length || !own.length) return null;
    const perPerson = sum(own.map((e) => 1 / e.v)) / sum(own.map((e) => e.people));
    const imputed = silent.map(({ trial, n }) => ({ trial, y: 0, v: 1 / (perPerson * n), people: n }));
    return pooled(data, [...effects, ...imputed], { ...data.model, pooling: "inverse variance" });
  }

  function publication(data, found, bounds, limits) {
    const { record: rec, effects } = found;
    const hiding = data.certainty.missing.filter((row) => row.hides);
    const uneven = asymmetry(data, found, limits);
    const rules = [];
    if (hiding.length) {
      const lost = sum(hiding.map((row) => row.n ?? 0));
      const bound = boundOf(data, effects);
      const told = bound && bound.estimate !== null && compares(data);
      const turned = told && ((bounds
        && zone(rec.natural.estimate, bounds) !== zone(bound.natural.estimate, bounds))
        || (position(data, rec) !== position(data, bound) && bound.k > 2));
      if (turned) rules.push("missing-turns");
      else if (lost > 0 && (100 * lost) / (lost + rec.people) >= limits.missing) {
        rules.push("missing-many");
      }
    }
    if (uneven.survives) rules.push("asymmetry");
    return rating(-Math.min(rules.length, 1), rules, Boolean(hiding.length || uneven.tested));
  }

  function certaintyOf(data, found) {
    const { start, levels, limits } = data.certainty;
    if (found.record.natural.estimate === null) return null;
    const bounds = worthwhile(data, found.effects, found.risk);
    const split = explained(data, found, bounds, limits);
    const tested = found.splits.some((one) => one && one.p !== null);
    const unlike = split && split.differs ? ["mixed"] : [];
    const ratings = [
      bias(data, found.effects, found.weights, limits),
      inconsistency(data, found.record, bounds, split, limits),
      rating(-unlike.length, unlike, tested),
      imprecision(data, found, bounds, limits),
      publication(data, found, bounds, limits),
    ];
    const [level, best] = ["levels", "best"].map((end) => (
      levels[Math.max(0, start + ratings.reduce((a, r) => a + r[end], 0))]
    ));
    return { level, best, ratings };
  }

  /* ---- all of it, of the studies that are kept ---- */

  function pool(data, keep) {
    const effects = data.studies.filter((_, i) => keep[i]);
    const rec = pooled(data, effects);
    const weights = rec.estimate === null ? effects.map(() => null) : weightsOf(data, effects);
    const splits = data.splits.map((_, number) => splitOf(data, number, effects));
    const found = { record: rec, effects, weights, splits, risk: riskOf(data, effects, rec) };
    const queue = [...weights];
    return {
      ...rec,
      weights: data.studies.map((_, i) => (keep[i] ? queue.shift() : null)),
      split: splits.find(Boolean) ?? null,
      risk: found.risk,
      points: pointsOf(data, effects, rec),
      certainty: certaintyOf(data, found),
    };
  }

  /* ---- words: those of report/wording.py and its like, letter by letter ---- */

  /* decimals as Python rounds them: a half to the even digit, as no double but a half is one */
  function rounded(value, digits) {
    const x = Math.abs(value);
    const halves = x * 2 ** (digits + 1);
    if (!Number.isInteger(halves) || halves % 2 === 0 || x >= 1e9) return x.toFixed(digits);
    const whole = (halves * 5 ** digits - 1) / 2;
    return ((whole + (whole % 2)) / 10 ** digits).toFixed(digits);
  }

  function fixed(value, digits) {
    if (!some(value)) return "\u2013";
    const sign = value < 0 ? MINUS : "";
    if (Math.abs(value) >= LARGEST) return `${sign}\u221e`;
    if (Math.abs(value) >= 1e15) return value.toExponential(1).replace("e+", "e").replace("-", MINUS);
    const text = rounded(Number(value.toPrecision(12)), digits);
    return (Number(text) ? sign : "") + grouped(text);
  }

  const grouped = (text) => String(text).replace(/^\d+/, (n) => n.replace(/\B(?=(\d{3})+$)/g, ","));
  const count = (n, one, many = `${one}s`) => `${grouped(n)} ${n === 1 ? one : many}`;

  function quantity({ measure }, value) {
    if (!some(value)) return "\u2013";
    return fixed(measure.factor * value, measure.digits ?? (value < 10 ? 2 : value < 100 ? 1 : 0));
  }

  function limit(data, value) {
    const text = quantity(data, value);
    const { limits, unit } = data.measure;
    if (!some(value) || !limits || !unit) return text;
    const shown = Number(text.replace(MINUS, "-").replace(/,/g, ""));
    if (shown < limits[0]) return `<${fixed(limits[0], 0)}`;
    return shown > limits[1] ? `>${fixed(limits[1], 0)}` : text;
  }

  const interval = (data, low, high) => `${limit(data, low)} to ${limit(data, high)}`;
  const withInterval = (data, value, low, high) => (
    `${quantity(data, value)} [${limit(data, low)}, ${limit(data, high)}]`
  );

  function pValue(p) {
    if (p === null) return "p not available";
    return p < 0.001 ? "p < 0.001" : `p = ${rounded(p, p < 0.1 ? 3 : 2)}`;
  }

  const percent = (level) => `${Number((100 * level).toPrecision(6))}%`;

  function headline(data, rec) {
    if (!rec.k) return "no trial with usable numbers";
    const trials = count(rec.k, "trial");
    const { estimate, low, high } = rec.natural;
    if (estimate === null) return `${trials}, not pooled`;
    const { words, unit } = data.measure;
    const around_ = `${percent(data.model.level)} CI ${interval(data, low, high)}${unit}`;
    return `${words} ${quantity(data, estimate)}${unit} (${around_}), ${trials}, ${
      count(rec.people, "person", "people")}`;
  }

  function estimated(data, { natural: { estimate, low, high } }) {
    return estimate === null ? "\u2013" : withInterval(data, estimate, low, high) + data.measure.unit;
  }

  const RULES = { wald: "Wald", hksj: "HKSJ", "hksj-adhoc": "floored HKSJ" };

  function modelIn(data, rec) {
    if (rec.engine === "none") return "no trial";
    if (rec.engine === "single") return "one trial, not pooled";
    if (rec.failure) return `not pooled: ${rec.failure}`;
    const how = rec.engine === "inverse variance" ? data.model.tau2 : rec.engine;
    return `${how}${rec.asParallel ? ", crossovers as if parallel" : ""}, ${RULES[rec.rule]}`;
  }

  function verdictOf(data, rec) {
    if (!rec.k) return "no trial";
    if (rec.natural.estimate === null) return "too few trials";
    if (!compares(data)) return "no comparison";
    const where = position(data, rec);
    if (!where || where === "around") return "no clear difference";
    return where === data.model.favours ? "favours treatment" : "favours control";
  }

  function heterogeneity(rec) {
    if (rec.tau2 === null) return "";
    const digits = (x) => fixed(x, x < 1 ? 3 : x < 10 ? 2 : x < 100 ? 1 : 0);
    let tau2 = `\u03c4\u00b2 = ${digits(rec.tau2)}`;
    if (rec.tau2Low !== null) tau2 += ` (${digits(rec.tau2Low)} to ${digits(rec.tau2High)})`;
    let i2 = `I\u00b2 = ${fixed(rec.i2, 0)}%`;
    if (rec.i2Low !== null) i2 += ` (${fixed(rec.i2Low, 0)} to ${fixed(rec.i2High, 0)}%)`;
    if (rec.i2Q !== null) i2 += `, from Q ${fixed(rec.i2Q, 0)}%`;
    const parts = [tau2, i2, `Q = ${fixed(rec.q, 2)}, df = ${rec.qDf}, ${pValue(rec.qP)}`];
    const beyond = (x, low, high) => x !== null && low !== null && high !== null
      && (x < low - 1e-9 * Math.abs(low) || x > high + 1e-9 * Math.abs(high));
    const out = [
      beyond(rec.tau2, rec.tau2Low, rec.tau2High) && "\u03c4\u00b2",
      beyond(rec.i2, rec.i2Low, rec.i2High) && "I\u00b2",
    ].filter(Boolean);
    if (out.length) {
      const lies = out.length === 1 ? "lies outside its interval" : "lie outside their intervals";
      parts.push(`${out.join(" and ")} ${lies}, which another method gives (Q-profile)`);
    }
    return parts.join("; ");
  }

  function overallTest(data, rec) {
    if (!compares(data) || rec.p === null || !rec.se) return "";
    return `${rec.rule === "wald" ? "z" : "t"} = ${fixed(rec.estimate / rec.se, 2)}, ${pValue(rec.p)}`;
  }

  const perThousand = (x) => fixed(some(x) ? 1000 * x : null, 0);

  function moreOrFewer(x) {
    if (x === null) return "\u2013";
    const people = Number(rounded(1000 * x, 0));
    return people ? `${grouped(people)} ${x > 0 ? "more" : "fewer"}` : "no difference";
  }

  /* more_or_fewer, treated and needed of report/wording_absolute.py */
  function inPeople(data, rec, risk) {
    const { low, high, estimate } = risk;
    const { natural: ends } = rec;
    const useless = rec.k === 2 && data.measure.log && some(ends.low) && some(ends.high)
      && ends.high > 50 * ends.low;
    const whole = some(low.off) && some(high.off);
    let more = moreOrFewer(estimate.off);
    let treated = perThousand(estimate.treated);
    if (useless) more += " (two trials, too few for a useful interval)";
    else if (whole) {
      more += ` (${moreOrFewer(low.off)} to ${moreOrFewer(high.off)})`;
      treated += ` (${perThousand(low.treated)} to ${perThousand(high.treated)})`;
    }
    const share = `${fixed(100 * risk.risk, risk.risk < 0.1 ? 1 : 0)}%`;
    const from = risk.arms > 1 ? `control arms added up (${risk.arms} arms)` : "the control arm";
    return [
      ["Of 1,000 people", `${more}: ${treated} under treatment against ${
        perThousand(risk.risk)} under control`],
      ["Assumed control risk", `${share}: ${from}`],
      ["Number needed to treat", needed(risk, data.model.favours, useless || !whole)],
    ];
  }

  function needed({ estimate, low, high }, favours, alone) {
    if (estimate.nnt === null) return "\u221e: no difference";
    const told = (x) => {
      if (x === null) return "\u221e";
      const kind = x > 0 === (favours === "above") ? "NNTB" : "NNTH";
      return `${kind} ${grouped(Math.ceil(Number(Math.abs(x).toFixed(6))))}`;
    };
    const text = told(estimate.nnt);
    if (alone) return text;
    const ends = [low.nnt, high.nnt];
    const words = ends.map(told);
    if (low.off < 0 && high.off > 0) {
      const [harm, benefit] = words[0].startsWith("NNTH") ? words : words.reverse();
      return `${text} (${harm} to \u221e to ${benefit})`;
    }
    const kind = text.split(" ")[0];
    const size = (x) => (x === null ? Infinity : Math.abs(x));
    const [near, far] = ends.sort((a, b) => size(a) - size(b)).map((x) => told(x).replace(`${kind} `, ""));
    return `${text} (${near} to ${far})`;
  }

  function inPoints({ scale, moved }) {
    const [points, low, high] = moved.map((x) => fixed(x, 1));
    const ends = moved[1] === null || moved[2] === null ? "" : ` (${low} to ${high})`;
    return [`In points of the ${scale}`, `${points} points${ends}`];
  }

  function absolute(data, result) {
    const { measure } = data;
    const { estimate, low, high } = result.natural;
    const found = [];
    if (measure.counts && !compares(data) && estimate !== null) {
      const text = `${perThousand(estimate)} of 1,000 people treated (${
        perThousand(low)} to ${perThousand(high)})`;
      found.push(["Of 1,000 people treated", text]);
    }
    if (result.risk) found.push(...inPeople(data, result, result.risk));
    if (result.points) found.push(inPoints(result.points));
    return found;
  }

  function certaintyIn(data, found) {
    const { levels, labels, unrated, rules, domains } = data.certainty;
    if (!found) return { label: unrated, symbol: "", ratings: [] };
    const taken = (n) => ["nothing", `${MINUS}1 level`, `${MINUS}2 levels`][-n];
    const circles = (level) => {
      const left = levels.indexOf(level) + 1;
      return "\u2295".repeat(left) + "\u229d".repeat(levels.length - left);
    };
    const { level, best } = found;
    const label = labels[levels.indexOf(level)];
    return {
      label: level === best ? label : `${best} to ${label}`,
      symbol: [...new Set([best, level])].map(circles).join(" to "),
      ratings: found.ratings.map((r, i) => [
        domains[i],
        r.judged ? [...new Set([r.best, r.levels])].map(taken).join(" to ") : "not judged",
        r.rules.map((name) => rules[name]).join("; "),
      ]),
    };
  }

  /* what `printed` of report/repool_printed.py says of the same trials */
  function printed(data, result) {
    const { split } = result;
    const { measure } = data;
    const z = tQuantile(Infinity, data.model.level);
    const further = expected(data, result);
    return {
      headline: headline(data, result),
      estimate: estimated(data, result),
      model: modelIn(data, result),
      verdict: verdictOf(data, result),
      test: overallTest(data, result),
      heterogeneity: heterogeneity(result),
      prediction: further ? interval(data, ...further) + measure.unit : "",
      between: split
        ? `${split.name}: Q = ${fixed(split.q, 2)}, df = ${split.df}, ${pValue(split.p)}`
        : "",
      absolute: absolute(data, result),
      certainty: certaintyIn(data, result.certainty),
      groups: (split?.groups ?? []).map(({ label, record: own }) => (
        [label, own.k, grouped(own.people), estimated(data, own)]
      )),
      studies: data.studies.map(({ y, v }, i) => {
        const half = z * Math.sqrt(v);
        const ends = [y, y - half, y + half].map((x) => natural(measure, x));
        return [withInterval(data, ...ends), fixed(result.weights[i], 1)];
      }),
    };
  }

  return Object.freeze({ pool, printed });
})();
