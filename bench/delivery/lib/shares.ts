/** Event `n` goes to audience `n % audiences`, as its `floor(n / audiences)`th; a client is in audience `client % audiences`. */
export function expectedOf(
  client: number,
  { total, audiences }: { total: number; audiences: number },
): number {
  const audience = client % audiences;
  return total <= audience ? 0 : Math.floor((total - audience - 1) / audiences) + 1;
}
