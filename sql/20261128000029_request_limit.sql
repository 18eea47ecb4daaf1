-- Requests that cost us more than others are limited for each user: so many within so many seconds.

create table public.request_counts (
    user_id  uuid        not null,
    kind     text        not null,
    began_at timestamptz not null,
    requests integer     not null,
    constraint request_counts_pkey primary key (user_id, kind),
    constraint request_counts_kind_is_known check (kind in ('receipt', 'export', 'refund'))
);

comment on table public.request_counts is
    'How many requests of a kind a user made in the present period. receipt: a question to Stripe, whose limit all our requests share. export: a page of a copy of all their data. refund: a refund or a withdrawal, or a look at what would go back.';
comment on column public.request_counts.began_at is 'When the period that is counted began.';

alter table public.request_counts enable row level security;
revoke all on public.request_counts from public, anon, authenticated, service_role;
grant select on public.request_counts to service_role;

create function public.count_request(
    p_user_id uuid,
    p_kind    text,
    p_most    integer,
    p_seconds integer
)
    returns void
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
declare
    v_counted public.request_counts;
    v_period  interval := make_interval(secs => p_seconds);
begin
    perform purse.require_server();
    perform purse.require_account(p_user_id);
    insert into public.request_counts as r (user_id, kind, began_at, requests)
    values (p_user_id, p_kind, clock_timestamp(), 1)
    on conflict (user_id, kind) do update
        set began_at = case when r.began_at <= clock_timestamp() - v_period then clock_timestamp() else r.began_at end,
            requests = case when r.began_at <= clock_timestamp() - v_period then 1 else r.requests + 1 end
    returning * into v_counted;
    if v_counted.requests > p_most then
        raise exception using
            errcode = 'PT429',
            message = 'too many requests of this kind',
            detail = greatest(ceil(extract(epoch from v_counted.began_at + v_period - clock_timestamp())), 1)::text;
    end if;
end
$$;

comment on function public.count_request(uuid, text, integer, integer) is
'Counts a request of this user. Raises PT429 past p_most within p_seconds, with the seconds to wait as detail;
PT403 if the account was deleted.';
revoke all on function public.count_request(uuid, text, integer, integer) from public, anon, authenticated, service_role;
grant execute on function public.count_request(uuid, text, integer, integer) to service_role;
