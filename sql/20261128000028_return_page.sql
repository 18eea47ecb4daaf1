-- The return page asks us about its payment until it is settled. If the webhook is late, we ask Stripe.

create table public.stripe_lookups (
    user_id      uuid        not null,
    looked_up_at timestamptz not null,
    constraint stripe_lookups_pkey primary key (user_id)
);

comment on table public.stripe_lookups is
    'When we last asked Stripe about a user''s payment for the return page. Limits how often we ask, however often the page asks us.';

alter table public.stripe_lookups enable row level security;
revoke all on public.stripe_lookups from public, anon, authenticated, service_role;
grant select on public.stripe_lookups to service_role;

-- The upsert locks the user's row in stripe_lookups, so only one of several parallel callers gets true.
create function public.claim_stripe_lookup(
    p_user_id uuid,
    p_seconds integer
)
    returns boolean
    language sql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
    select purse.require_server();
    select purse.require_account(p_user_id);
    with claim as (
        insert into public.stripe_lookups as l (user_id, looked_up_at)
        values (p_user_id, clock_timestamp())
        on conflict (user_id) do update
            set looked_up_at = clock_timestamp()
            where l.looked_up_at <= clock_timestamp() - make_interval(secs => p_seconds)
        returning true
    )
    select exists (select from claim)
$$;

comment on function public.claim_stripe_lookup(uuid, integer) is
'Whether the caller may ask Stripe about this user''s payment now: true for one caller every p_seconds.';
revoke all on function public.claim_stripe_lookup(uuid, integer) from public, anon, authenticated, service_role;
grant execute on function public.claim_stripe_lookup(uuid, integer) to service_role;
