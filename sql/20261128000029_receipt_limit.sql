-- Each receipt is a question to Stripe, whose limit all our requests share. So a user may ask for so many a minute.

create table public.receipt_lookups (
    user_id     uuid        not null,
    began_at    timestamptz not null,
    lookups     integer     not null,
    constraint receipt_lookups_pkey primary key (user_id)
);

comment on table public.receipt_lookups is
    'How many receipts a user asked for in the present minute. Limits how often we ask Stripe.';
comment on column public.receipt_lookups.began_at is 'When the minute that is counted began.';

alter table public.receipt_lookups enable row level security;
revoke all on public.receipt_lookups from public, anon, authenticated, service_role;
grant select on public.receipt_lookups to service_role;

create function public.claim_receipt_lookup(
    p_user_id    uuid,
    p_per_minute integer
)
    returns void
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '250ms'
as $$
declare
    v_counted public.receipt_lookups;
    v_minute  constant interval := interval '1 minute';
begin
    perform purse.require_server();
    perform purse.require_account(p_user_id);
    insert into public.receipt_lookups as r (user_id, began_at, lookups)
    values (p_user_id, clock_timestamp(), 1)
    on conflict (user_id) do update
        set began_at = case when r.began_at <= clock_timestamp() - v_minute then clock_timestamp() else r.began_at end,
            lookups = case when r.began_at <= clock_timestamp() - v_minute then 1 else r.lookups + 1 end
    returning * into v_counted;
    if v_counted.lookups > p_per_minute then
        raise exception using
            errcode = 'PT429',
            message = 'too many receipts in a minute',
            detail = greatest(ceil(extract(epoch from v_counted.began_at + v_minute - clock_timestamp())), 1)::text;
    end if;
end
$$;

comment on function public.claim_receipt_lookup(uuid, integer) is
'Counts a question to Stripe about a receipt of this user. Raises PT429 past p_per_minute, with the seconds to
wait as detail.';
revoke all on function public.claim_receipt_lookup(uuid, integer) from public, anon, authenticated, service_role;
grant execute on function public.claim_receipt_lookup(uuid, integer) to service_role;
